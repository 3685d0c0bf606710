using System.Globalization;

namespace Cloud.Portal.Pages.Billing;

/// <summary>How quantities of a bill are put in words.</summary>
internal static class BillingText
{
    /// <summary>Grouped by thousands, to six decimals, for example <c>12,345.678901</c>; empty for null.</summary>
    public static string Quantity(string? exact) =>
        decimal.TryParse(exact, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? value.ToString("#,0.######", CultureInfo.InvariantCulture)
            : exact ?? "";
}
