using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cloud.Modules.Billing.Public;

/// <summary>
/// An exact amount of one currency. JSON: <c>{"amount":"12.345678","currency":"USD"}</c>, the amount a decimal string without exponent
/// and without trailing zeros.
/// </summary>
/// <param name="Amount">Any sign; arithmetic is decimal, never floating point.</param>
/// <param name="Currency">ISO 4217.</param>
[JsonConverter(typeof(MoneyJsonConverter))]
public readonly record struct Money(decimal Amount, string Currency)
{
    /// <summary>The amount's text as the API shows it.</summary>
    public static string Format(decimal amount) =>
        amount.ToString("0.############################", CultureInfo.InvariantCulture);

    public override string ToString() => $"{Format(Amount)} {Currency}";
}

/// <summary>See <see cref="Money"/>.</summary>
public sealed class MoneyJsonConverter : JsonConverter<Money>
{
    public override Money Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        if (document.RootElement.TryGetProperty("amount", out var amountText)
            && document.RootElement.TryGetProperty("currency", out var currency)
            && decimal.TryParse(
                amountText.GetString(),
                NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out var amount))
        {
            return new Money(amount, currency.GetString() ?? string.Empty);
        }

        throw new JsonException("Money is an object of a decimal string 'amount' and a 'currency'.");
    }

    public override void Write(Utf8JsonWriter writer, Money value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("amount", Money.Format(value.Amount));
        writer.WriteString("currency", value.Currency);
        writer.WriteEndObject();
    }
}
