using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Cloud.Kernel;

namespace Cloud.Modules.Audit.Public;

/// <summary>Identifies a recorded attempt to change something.</summary>
[JsonConverter(typeof(TypedIdJsonConverter<AuditEventId>))]
public readonly record struct AuditEventId(Guid Value) : ITypedId<AuditEventId>
{
    public static string Prefix => "aud";

    public static AuditEventId From(Guid value) => new(value);

    public static AuditEventId Parse(string s, IFormatProvider? provider = null) => TypedId.Parse<AuditEventId>(s);

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out AuditEventId result) =>
        TypedId.TryParse(s, out result);

    public override string ToString() => TypedId.Format(this);
}
