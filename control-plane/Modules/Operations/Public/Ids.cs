using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Cloud.Kernel;

namespace Cloud.Modules.Operations.Public;

/// <summary>Identifies one piece of work that goes on after its request was answered.</summary>
[JsonConverter(typeof(TypedIdJsonConverter<OperationId>))]
internal readonly record struct OperationId(Guid Value) : ITypedId<OperationId>
{
    public static string Prefix => "op";

    public static OperationId From(Guid value) => new(value);

    public static OperationId Parse(string s, IFormatProvider? provider = null) => TypedId.Parse<OperationId>(s);

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out OperationId result) =>
        TypedId.TryParse(s, out result);

    public override string ToString() => TypedId.Format(this);
}
