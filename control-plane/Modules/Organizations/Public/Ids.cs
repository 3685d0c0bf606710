using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Cloud.Kernel;

namespace Cloud.Modules.Organizations.Public;

/// <summary>Identifies a project of an organization.</summary>
[JsonConverter(typeof(TypedIdJsonConverter<ProjectId>))]
public readonly record struct ProjectId(Guid Value) : ITypedId<ProjectId>
{
    public static string Prefix => "prj";

    public static ProjectId From(Guid value) => new(value);

    public static ProjectId Parse(string s, IFormatProvider? provider = null) => TypedId.Parse<ProjectId>(s);

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out ProjectId result) =>
        TypedId.TryParse(s, out result);

    public override string ToString() => TypedId.Format(this);
}
