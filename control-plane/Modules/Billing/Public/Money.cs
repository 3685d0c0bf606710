using System.Globalization;
using System.Text.Json.Serialization;

namespace Cloud.Modules.Billing.Public;

/// <summary>
/// An exact amount of one currency. JSON: <c>{"amount":"12.345678","currency":"USD"}</c>, the amount a decimal string without exponent
/// and without trailing zeros. Only written, never read.
/// </summary>
/// <param name="Amount">Any sign; arithmetic is decimal, never floating point.</param>
/// <param name="Currency">ISO 4217.</param>
public readonly record struct Money([property: JsonIgnore] decimal Amount, string Currency)
{
    /// <summary>A decimal string.</summary>
    [JsonPropertyName("amount")]
    [JsonPropertyOrder(-1)]
    public string AmountText => Format(Amount);

    /// <summary>The amount's text as the API shows it.</summary>
    public static string Format(decimal amount) =>
        amount.ToString("0.############################", CultureInfo.InvariantCulture);

    public override string ToString() => $"{Format(Amount)} {Currency}";
}
