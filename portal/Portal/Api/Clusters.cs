using Cloud.ApiClient;

namespace Cloud.Portal.Api;

/// <summary>One page of a list.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextPageToken);

/// <summary>A shape that an instance of a role can have, and its price.</summary>
public sealed record Size(string Id, string Role, int Vcpu, int MemoryGiB, Money PricePerHour);

/// <summary>A place with hosts.</summary>
/// <param name="Hosts">How many are there; with none, a cluster waits for one.</param>
public sealed record Location(string Id, string Name, int Hosts);

/// <summary>A version of the database software.</summary>
public sealed record SoftwareVersion(string Id, bool IsDefault);

/// <summary>What a create may choose from.</summary>
public sealed record Choices(IReadOnlyList<Location> Locations, IReadOnlyList<Size> Sizes, IReadOnlyList<SoftwareVersion> Versions)
{
    /// <summary>The sizes of one role, in the order of the catalog, smallest first.</summary>
    public IEnumerable<Size> Of(string role) => Sizes.Where(size => size.Role == role);
}

/// <summary>How many instances of a role, and how large.</summary>
public sealed record RoleSpec(int Count, string? Size = null, int? VolumeGiB = null);

/// <summary>The body of a create, with the API's own field names.</summary>
public sealed record ClusterRequest(
    string Name,
    string Tier,
    string Location,
    string? Version,
    RoleSpec Sql,
    RoleSpec Pd,
    RoleSpec Storage,
    IReadOnlyList<string> AllowList,
    bool DeletionProtection,
    IReadOnlyDictionary<string, string> Labels);

/// <summary>What a write would do, by <c>validateOnly</c>.</summary>
public sealed record Preview(IReadOnlyList<PlannedChange> Plan, PriceChange? Price, IReadOnlyList<QuotaEffect> Quota);

/// <summary>One change of a <see cref="Preview"/>.</summary>
public sealed record PlannedChange(string Action, string Resource);

/// <summary>Price before and after a change.</summary>
/// <param name="Unit">What the price is for, <c>month</c>.</param>
public sealed record PriceChange(Money? Before, Money? After, string Unit);

/// <summary>How a change uses up a quota.</summary>
public sealed record QuotaEffect(string Name, long Limit, long Before, long After);

/// <summary>A database cluster as the API shows it.</summary>
public sealed record Cluster
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public string? ProjectId { get; init; }

    public string? OrganizationId { get; init; }

    public required string State { get; init; }

    public string Tier { get; init; } = "";

    public string Location { get; init; } = "";

    public string? Version { get; init; }

    public RoleSpec? Sql { get; init; }

    public RoleSpec? Pd { get; init; }

    public RoleSpec? Storage { get; init; }

    public IReadOnlyList<string> AllowList { get; init; } = [];

    public bool DeletionProtection { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public IReadOnlyList<Condition> Conditions { get; init; } = [];

    public long Generation { get; init; }

    public long ObservedGeneration { get; init; }

    public Endpoints? Endpoints { get; init; }

    public IReadOnlyList<Instance> Instances { get; init; } = [];

    /// <summary>For a month of 730 hours, as long as it is not deleted.</summary>
    public Money? Price { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the data of a deleted cluster goes; null while it is not deleted.</summary>
    public DateTimeOffset? PurgeTime { get; init; }

    /// <summary>When they were gone; null before.</summary>
    public DateTimeOffset? PurgedAt { get; init; }
}

/// <summary>Something about a cluster that holds or does not, with the reason.</summary>
/// <param name="Severity"><c>info</c>, <c>warning</c> or <c>error</c>: how much it matters while it does not hold.</param>
public sealed record Condition(string Type, bool Status, string Severity, string Reason, string Message, DateTimeOffset Since)
{
    /// <summary>Whether people should be told.</summary>
    public bool Matters => !Status && Severity != "info";
}

/// <summary>Where clients connect.</summary>
public sealed record Endpoints(MySqlEndpoint? Mysql, KvEndpoint? Kv);

/// <summary>For MySQL clients.</summary>
public sealed record MySqlEndpoint(string Host, int Port, bool Tls);

/// <summary>For TiKV clients: PD addresses as host:port.</summary>
public sealed record KvEndpoint(IReadOnlyList<string> Pd, bool Tls);

/// <summary>One process of a cluster.</summary>
public sealed record Instance(
    string Id, string Role, string State, string? Version, string? Size, string? Host, int? Pid, IReadOnlyList<string> Endpoints, DateTimeOffset? StartedAt, string? LastError);

/// <summary>What a create answered: the cluster, and a password that is not shown again.</summary>
public sealed record CreatedCluster(Cluster Cluster, Credentials? Credentials);

/// <summary>A user of the database and its password.</summary>
public sealed record Credentials(string User, string Password);
