using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Cloud.Modules.Metering.Public;

/// <summary>A calendar month in UTC, the period of an invoice. Text: <c>yyyy-MM</c>.</summary>
internal readonly record struct BillingMonth(int Year, int Month) : IParsable<BillingMonth>, IComparable<BillingMonth>
{
    /// <summary>
    /// How long after its end a month still takes usage that arrives late. Less than agents keep what was not accepted; later usage is
    /// stored but, in the user's favour, not billed. From then on the month's invoice cannot change.
    /// </summary>
    public static readonly TimeSpan Grace = TimeSpan.FromHours(72);

    /// <summary>Inclusive.</summary>
    public DateTimeOffset Start => new(Year, Month, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Exclusive.</summary>
    public DateTimeOffset End => Start.AddMonths(1);

    public static BillingMonth Of(DateTimeOffset time) => new(time.UtcDateTime.Year, time.UtcDateTime.Month);

    /// <summary>Start of the oldest month that still takes usage.</summary>
    public static DateTimeOffset OpenSince(DateTimeOffset now) => Of(now - Grace).Start;

    /// <summary>Whether nothing can change the month's invoice any more.</summary>
    public bool IsClosed(DateTimeOffset now) => Start < OpenSince(now);

    public int CompareTo(BillingMonth other) => Start.CompareTo(other.Start);

    public override string ToString() => Start.ToString("yyyy-MM", CultureInfo.InvariantCulture);

    public static BillingMonth Parse(string s, IFormatProvider? provider) =>
        TryParse(s, provider, out var month) ? month : throw new FormatException($"'{s}' is not a month of the form yyyy-MM.");

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out BillingMonth result)
    {
        var valid = DateTime.TryParseExact(s, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out var first);
        result = valid ? new BillingMonth(first.Year, first.Month) : default;
        return valid && first.Year >= 2000;
    }
}
