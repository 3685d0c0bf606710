using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Cloud.Kernel;

namespace Cloud.Modules.Billing.Public;

/// <summary>Identifies one export of a month's charges.</summary>
[JsonConverter(typeof(TypedIdJsonConverter<BillingExportId>))]
public readonly record struct BillingExportId(Guid Value) : ITypedId<BillingExportId>
{
    public static string Prefix => "bex";

    public static BillingExportId From(Guid value) => new(value);

    public static BillingExportId Parse(string s, IFormatProvider? provider = null) => TypedId.Parse<BillingExportId>(s);

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out BillingExportId result) =>
        TypedId.TryParse(s, out result);

    public override string ToString() => TypedId.Format(this);
}
