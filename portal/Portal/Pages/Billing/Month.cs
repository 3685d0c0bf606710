using System.Globalization;

namespace Cloud.Portal.Pages.Billing;

/// <summary>A calendar month in UTC, as bills count them.</summary>
internal readonly record struct Month(int Year, int Number)
{
    private const string Format = "yyyy-MM";

    public DateTimeOffset Start => new(Year, Number, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Exclusive.</summary>
    public DateTimeOffset End => Start.AddMonths(1);

    public Month Previous => Of(Start.AddMonths(-1));

    public Month Next => Of(End);

    /// <summary>For people: <c>November 2026</c>.</summary>
    public string Words => Start.ToString("MMMM yyyy", CultureInfo.InvariantCulture);

    public static Month Of(DateTimeOffset at) => new(at.UtcDateTime.Year, at.UtcDateTime.Month);

    /// <summary>The month in a URL, or the one of <paramref name="now"/> where there is none that makes sense.</summary>
    public static Month Parse(string? text, DateTimeOffset now) =>
        DateTime.TryParseExact(text, Format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? new Month(day.Year, day.Month)
            : Of(now);

    /// <summary><c>yyyy-mm</c>, as the API writes it.</summary>
    public override string ToString() => Start.ToString(Format, CultureInfo.InvariantCulture);
}
