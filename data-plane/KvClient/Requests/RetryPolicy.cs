using Cloud.Kernel;

namespace Cloud.KvClient.Requests;

/// <summary>What the retries of a client share: paces, budget, clock and jitter. Thread-safe.</summary>
internal sealed class RetryPolicy(TimeSpan budget, TimeProvider time, SeededRandom seeds)
{
    private readonly Lock _gate = new();

    public TimeProvider Time => time;

    /// <summary>The waits for one operation.</summary>
    public RetryBudget Begin() => Begin(budget);

    /// <summary>The waits for one operation with a limit of its own.</summary>
    public RetryBudget Begin(TimeSpan limit)
    {
        lock (_gate)
        {
            return new RetryBudget(limit, time, seeds.Split());
        }
    }

    /// <summary>First and longest wait of a reason. Source: client-go, retry configuration (KV-PROTOCOL, Annex C).</summary>
    public static (TimeSpan First, TimeSpan Max) Pace(RetryKind kind)
    {
        var (firstMs, maxMs) = kind switch
        {
            RetryKind.StoreRpc => (100, 2000),
            RetryKind.PdRpc => (100, 3000),
            RetryKind.RegionMiss => (2, 500),
            RetryKind.RegionScheduling => (2, 500),
            RetryKind.ServerBusy => (200, 10_000),
            RetryKind.StaleCommand => (2, 1000),
            RetryKind.NotReady => (2, 500),
            RetryKind.DiskFull => (500, 5000),
            RetryKind.Lock => (2, 1000),
            RetryKind.TransactionNotFound => (2, 500),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "a reason without a pace"),
        };
        return (TimeSpan.FromMilliseconds(firstMs), TimeSpan.FromMilliseconds(maxMs));
    }
}
