using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Cloud.Kernel;

/// <summary>Identifies a database cluster.</summary>
[JsonConverter(typeof(TypedIdJsonConverter<ClusterId>))]
public readonly record struct ClusterId(Guid Value) : ITypedId<ClusterId>
{
    public static string Prefix => "clu";

    public static ClusterId From(Guid value) => new(value);

    public static ClusterId Parse(string s, IFormatProvider? provider = null) => TypedId.Parse<ClusterId>(s);

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out ClusterId result) =>
        TypedId.TryParse(s, out result);

    public override string ToString() => TypedId.Format(this);
}

/// <summary>Identifies one node of a cluster, which keeps its id across restarts and upgrades.</summary>
[JsonConverter(typeof(TypedIdJsonConverter<InstanceId>))]
public readonly record struct InstanceId(Guid Value) : ITypedId<InstanceId>
{
    public static string Prefix => "ins";

    public static InstanceId From(Guid value) => new(value);

    public static InstanceId Parse(string s, IFormatProvider? provider = null) => TypedId.Parse<InstanceId>(s);

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out InstanceId result) =>
        TypedId.TryParse(s, out result);

    public override string ToString() => TypedId.Format(this);
}

/// <summary>Identifies a host that runs instances.</summary>
[JsonConverter(typeof(TypedIdJsonConverter<HostId>))]
public readonly record struct HostId(Guid Value) : ITypedId<HostId>
{
    public static string Prefix => "hst";

    public static HostId From(Guid value) => new(value);

    public static HostId Parse(string s, IFormatProvider? provider = null) => TypedId.Parse<HostId>(s);

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out HostId result) =>
        TypedId.TryParse(s, out result);

    public override string ToString() => TypedId.Format(this);
}

/// <summary>Identifies an organization, the tenant.</summary>
[JsonConverter(typeof(TypedIdJsonConverter<OrganizationId>))]
public readonly record struct OrganizationId(Guid Value) : ITypedId<OrganizationId>
{
    public static string Prefix => "org";

    public static OrganizationId From(Guid value) => new(value);

    public static OrganizationId Parse(string s, IFormatProvider? provider = null) => TypedId.Parse<OrganizationId>(s);

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out OrganizationId result) =>
        TypedId.TryParse(s, out result);

    public override string ToString() => TypedId.Format(this);
}
