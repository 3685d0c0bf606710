using System.Globalization;

namespace Cloud.Portal.Api;

/// <summary>An amount as the API sends it: exact, in decimal text.</summary>
public sealed record Money(string Amount, string Currency)
{
    private const int HoursOfAMonth = 730;

    /// <summary>The amount as a number; 0 when the text is not one.</summary>
    public decimal Value => decimal.TryParse(Amount, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : 0;

    /// <summary>In minor units, for totals: <c>12.40 USD</c>.</summary>
    public string Rounded => string.Create(CultureInfo.InvariantCulture, $"{decimal.Round(Value, 2):0.00} {Currency}");

    /// <summary>As exact as sent, with at least two decimals: for unit prices and usage.</summary>
    public string Exact => string.Create(CultureInfo.InvariantCulture, $"{Value:0.00##########} {Currency}");

    public override string ToString() => Rounded;

    /// <summary>What an hourly price comes to in a month of 730 hours.</summary>
    public Money PerMonth() => this with { Amount = (Value * HoursOfAMonth).ToString(CultureInfo.InvariantCulture) };
}
