using System.Globalization;
using Cloud.ApiClient;

namespace Cloud.Portal.Api;

/// <summary>Amounts of money as people read them. The API sends decimal text; nothing here computes with floating point.</summary>
internal static class MoneyText
{
    /// <summary>The amount as a number; 0 when the text is not one.</summary>
    public static decimal Value(this Money money) => Parse(money.Amount);

    /// <summary>In minor units, for totals: <c>1,212.40 USD</c>.</summary>
    public static string Rounded(this Money money) => Rounded(money.Amount, money.Currency);

    /// <inheritdoc cref="Rounded(Money)"/>
    public static string Rounded(string? amount, string? currency) =>
        string.Create(CultureInfo.InvariantCulture, $"{decimal.Round(Parse(amount), 2):#,0.00} {currency}");

    /// <summary>As exact as sent, with at least two decimals: for unit prices and usage.</summary>
    public static string Exact(this Money money) =>
        string.Create(CultureInfo.InvariantCulture, $"{money.Value():#,0.00##########} {money.Currency}");

    private static decimal Parse(string? amount) =>
        decimal.TryParse(amount, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : 0;
}
