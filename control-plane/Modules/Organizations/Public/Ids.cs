using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Cloud.Kernel;

namespace Cloud.Modules.Organizations.Public;

/// <summary>Identifies a project, which groups clusters of an organization.</summary>
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

/// <summary>Identifies an API key; it is also the OAuth client id.</summary>
[JsonConverter(typeof(TypedIdJsonConverter<ApiKeyId>))]
public readonly record struct ApiKeyId(Guid Value) : ITypedId<ApiKeyId>
{
    public static string Prefix => "key";

    public static ApiKeyId From(Guid value) => new(value);

    public static ApiKeyId Parse(string s, IFormatProvider? provider = null) => TypedId.Parse<ApiKeyId>(s);

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out ApiKeyId result) =>
        TypedId.TryParse(s, out result);

    public override string ToString() => TypedId.Format(this);
}

/// <summary>Identifies the grant of a role to a principal.</summary>
[JsonConverter(typeof(TypedIdJsonConverter<RoleBindingId>))]
public readonly record struct RoleBindingId(Guid Value) : ITypedId<RoleBindingId>
{
    public static string Prefix => "rbd";

    public static RoleBindingId From(Guid value) => new(value);

    public static RoleBindingId Parse(string s, IFormatProvider? provider = null) => TypedId.Parse<RoleBindingId>(s);

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out RoleBindingId result) =>
        TypedId.TryParse(s, out result);

    public override string ToString() => TypedId.Format(this);
}
