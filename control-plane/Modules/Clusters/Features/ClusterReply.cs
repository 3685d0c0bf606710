using System.Text.Json.Serialization;
using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Clusters.Domain;
using Cloud.Modules.Operations.Public;
using Cloud.Modules.Organizations.Public;

namespace Cloud.Modules.Clusters.Features;

/// <summary>A cluster as the API shows it.</summary>
internal sealed record ClusterReply
{
    public required ClusterId Id { get; init; }

    public required string Name { get; init; }

    public required OrganizationId OrganizationId { get; init; }

    public required ProjectId ProjectId { get; init; }

    public required ClusterTier Tier { get; init; }

    public required string Location { get; init; }

    public required string Version { get; init; }

    public required RoleGroupReply Sql { get; init; }

    public required CountReply Pd { get; init; }

    public required StorageReply Storage { get; init; }

    public required CountReply Columnar { get; init; }

    public required IReadOnlyList<string> AllowList { get; init; }

    public required bool DeletionProtection { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    public required ClusterPhase State { get; init; }

    public required IReadOnlyList<ClusterCondition> Conditions { get; init; }

    public required long Generation { get; init; }

    /// <summary>The newest generation that was true in full; 0 before the first.</summary>
    public required long ObservedGeneration { get; init; }

    /// <summary>Null before ports are allocated, and once it is deleted.</summary>
    public required EndpointsReply? Endpoints { get; init; }

    /// <summary>In start order; empty before they are placed.</summary>
    public required IReadOnlyList<InstanceReply> Instances { get; init; }

    /// <summary>What it costs as long as it is not deleted.</summary>
    public required MonthlyPriceReply Price { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Null while it is not deleted.</summary>
    public required DateTimeOffset? DeletedAt { get; init; }

    /// <summary>When the data of a deleted cluster goes; null while it is not deleted.</summary>
    public required DateTimeOffset? PurgeTime { get; init; }

    /// <summary>When its data was gone; null before.</summary>
    public required DateTimeOffset? PurgedAt { get; init; }

    /// <summary>The work that the request started; only in replies to writes.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public OperationReply? Operation { get; init; }

    /// <summary>Only in the reply to the create; never shown again.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public CredentialsReply? Credentials { get; init; }

    public static string PathOf(ClusterId cluster) => $"/v1/clusters/{cluster}";
}

internal sealed record RoleGroupReply(int Count, string Size);

internal sealed record CountReply(int Count);

internal sealed record StorageReply(int Count, string Size, [property: JsonPropertyName("volumeGiB")] int VolumeGiB);

/// <param name="Mysql">For MySQL clients.</param>
/// <param name="Kv">For TiKV clients.</param>
internal sealed record EndpointsReply(MysqlEndpointReply Mysql, KvEndpointReply Kv);

/// <param name="Tls">Whether the server offers TLS.</param>
internal sealed record MysqlEndpointReply(string Host, int Port, bool Tls);

/// <param name="Pd">PD's addresses as <c>host:port</c>.</param>
internal sealed record KvEndpointReply(IReadOnlyList<string> Pd, bool Tls);

/// <summary>One process of a cluster.</summary>
/// <param name="State">What the agent last said; <c>pending</c> before it said anything.</param>
/// <param name="Host">Id of the host.</param>
/// <param name="Pid">Null while there is no process.</param>
/// <param name="Endpoints">Client and status address as <c>host:port</c>.</param>
/// <param name="LastError">For people; null when all is well.</param>
internal sealed record InstanceReply(
    InstanceId Id,
    InstanceRole Role,
    string State,
    string Version,
    string Size,
    HostId Host,
    int? Pid,
    IReadOnlyList<string> Endpoints,
    DateTimeOffset? StartedAt,
    string? LastError);

/// <summary>An amount per month of 730 hours.</summary>
internal sealed record MonthlyPriceReply(string Amount, string Currency, string Unit = "month");

/// <summary>A SQL user and its password.</summary>
internal sealed record CredentialsReply(string User, string Password);
