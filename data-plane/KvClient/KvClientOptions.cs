using Cloud.Kernel;

namespace Cloud.KvClient;

/// <summary>How a client of a key-value cluster behaves. The defaults suit a data centre.</summary>
public sealed record KvClientOptions
{
    /// <summary>PD members as <c>host:port</c>, with or without <c>http://</c>; one that answers is enough, the others are discovered.</summary>
    public required IReadOnlyList<string> PdEndpoints { get; init; }

    /// <summary>Refuses to talk to any other cluster; null takes the one found.</summary>
    public ulong? ClusterId { get; init; }

    /// <summary>How long an operation may wait between its attempts, in all, before it gives up as Unavailable. Source: client-go, 20 s.</summary>
    public TimeSpan RetryBudget { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long one request may take before its connection counts as broken.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Requests of one operation in flight at once. Source: client-go's committer concurrency is wider; chosen for a shared host.</summary>
    public int Concurrency { get; init; } = 16;

    /// <summary>
    /// True sends the requests to a store over one stream that carries many of them at once; false makes one call each, which is faster in
    /// process.
    /// </summary>
    public bool Multiplex { get; init; } = true;

    /// <summary>
    /// Largest write request, in bytes of keys and values; a single larger pair goes alone. Chosen here: one proposal of storage, well below
    /// its largest (8 MiB), each costing a flush.
    /// </summary>
    public ByteSize WriteRequestMax { get; init; } = ByteSize.FromMiB(2);

    /// <summary>
    /// How long the locks of a small optimistic transaction outlive a client that died; others wait as long before they clear them.
    /// Source: client-go, 3 s.
    /// </summary>
    public TimeSpan LockTimeToLive { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Largest key and value together. Source: TiDB's entry limit, 6 MiB.</summary>
    public ByteSize EntryMax { get; init; } = ByteSize.FromMiB(6);

    /// <summary>Largest sum of keys and values of a transaction. Source: TiDB's transaction limit, 100 MiB.</summary>
    public ByteSize TransactionMax { get; init; } = ByteSize.FromMiB(100);

    /// <summary>Whether small transactions may commit when their last prewrite answers, without a second round trip.</summary>
    public bool AsyncCommit { get; init; } = true;

    /// <summary>Whether transactions within one region may commit in a single request.</summary>
    public bool OnePhaseCommit { get; init; } = true;
}
