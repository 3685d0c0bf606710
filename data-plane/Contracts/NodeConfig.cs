using System.Text.Json;
using System.Text.Json.Serialization;
using Cloud.Kernel;

namespace Cloud.Contracts;

/// <summary>
/// The configuration file of a node process: <c>cloud-node &lt;role&gt; --instance &lt;id&gt; --config &lt;file&gt;</c>. JSON, camelCase.
/// The node re-reads the file when it changes and takes over <see cref="SqlUsers"/> and <see cref="AllowList"/> without a restart.
/// </summary>
public sealed record NodeConfig
{
    /// <summary>The version of this shape that this build writes and reads.</summary>
    public const int CurrentSchemaVersion = 1;

    public int SchemaVersion { get; init; } = CurrentSchemaVersion;

    public required InstanceId InstanceId { get; init; }

    public required ClusterId ClusterId { get; init; }

    /// <summary>PD's 64-bit cluster id, minted in the blueprint, never 0 and never reused.</summary>
    public required ulong PdClusterId { get; init; }

    public required InstanceRole Role { get; init; }

    /// <summary>Where sockets are bound, for example <c>127.0.0.1</c>.</summary>
    public required string BindAddress { get; init; }

    /// <summary>What other processes and clients are told, for example <c>127.0.0.1</c> or a DNS name.</summary>
    public required string AdvertisedAddress { get; init; }

    /// <summary>Client port: gRPC for pd and storage, MySQL for sql.</summary>
    public required int ClientPort { get; init; }

    /// <summary>HTTP/1.1 port of <c>/healthz</c>, <c>/readyz</c>, <c>/metrics</c> and <c>/usage</c>.</summary>
    public required int StatusPort { get; init; }

    /// <summary>Port between nodes of the same role; 0 where the role has none.</summary>
    public int PeerPort { get; init; }

    /// <summary>Absolute; owned by this instance alone. Null: the agent fills in the folder it keeps for the instance.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>All PD members as <c>host:port</c> of their client ports; at least one.</summary>
    public required IReadOnlyList<string> PdEndpoints { get; init; }

    /// <summary>SQL users as desired state; empty for other roles.</summary>
    public IReadOnlyList<SqlUserSpec> SqlUsers { get; init; } = [];

    /// <summary>CIDR blocks that may connect to the MySQL port; empty admits everyone.</summary>
    public IReadOnlyList<string> AllowList { get; init; } = [];

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Extra { get; init; }
}

/// <summary>One SQL user: verifiers only, never a password.</summary>
/// <param name="Name">User name, at most 32 characters; matches any host.</param>
/// <param name="NativeVerifier">SHA1(SHA1(password)) as <c>*</c> and 40 upper-case hex digits (mysql_native_password); null forbids that method.</param>
/// <param name="CachingSha2Verifier">The <c>$A$005$</c> string of caching_sha2_password (MySQL 8.0).</param>
/// <param name="Grants">What the user may do everywhere.</param>
public sealed record SqlUserSpec(string Name, string? NativeVerifier, string CachingSha2Verifier, SqlGrants Grants);

/// <summary>Grants on all databases.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SqlGrants>))]
public enum SqlGrants
{
    [JsonStringEnumMemberName("all")]
    All,

    [JsonStringEnumMemberName("readOnly")]
    ReadOnly,
}
