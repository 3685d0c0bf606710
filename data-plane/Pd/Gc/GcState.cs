using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Cloud.Kernel;
using Cloud.Pd.Meta;

namespace Cloud.Pd.Gc;

/// <summary>A promise to somebody that versions at and above a timestamp stay readable.</summary>
/// <param name="Name">Who.</param>
/// <param name="Timestamp">From where on.</param>
/// <param name="ExpiresAtSeconds">Unix time after which the promise is void; <see cref="long.MaxValue"/> for never.</param>
internal sealed record GcBarrier(string Name, ulong Timestamp, long ExpiresAtSeconds);

/// <summary>
/// Safe points. Transactions may begin at or above the transaction safe point; versions not visible at the collection safe point may be
/// deleted. Invariants: both only grow; collection ≤ transaction ≤ every live barrier. Durable; thread-safe.
/// Source: PD's unified GC states (tikv/pd, pkg/gc), and what it does for callers of the older calls.
/// </summary>
internal sealed class GcState(MetaStore meta, MetaKeys keys, TimeProvider time) : IDisposable
{
    /// <summary>Chosen here, against a client gone wild.</summary>
    private const int BarriersMax = 1000;

    private readonly SemaphoreSlim _gate = new(1, 1);

    public ulong CollectionSafePoint => ReadNumber(keys.GcSafePoint);

    public ulong TransactionSafePoint => ReadNumber(keys.TxnSafePoint);

    private long NowSeconds => time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>The barriers in force, ascending by name.</summary>
    public IReadOnlyList<GcBarrier> Barriers()
    {
        var now = NowSeconds;
        return meta.Read(map => map.Prefix(keys.Barriers).Select(Decode).Where(barrier => barrier.ExpiresAtSeconds > now).ToList());
    }

    /// <summary>Moves the transaction safe point up to the target, or to the lowest barrier below it.</summary>
    /// <returns>Before, after, and the barrier that stood in the way.</returns>
    public ValueTask<Outcome<(ulong Old, ulong New, GcBarrier? Blocker)>> AdvanceTransactionAsync(
        ulong target, CancellationToken cancellationToken) =>
        ChangeAsync<(ulong, ulong, GcBarrier?)>(
            async () =>
            {
                var old = TransactionSafePoint;
                if (target < old)
                {
                    return PdFailures.Invalid($"the transaction safe point is {old} and does not go back to {target}");
                }

                var lowest = Barriers().MinBy(static barrier => barrier.Timestamp);
                var blocker = lowest is not null && lowest.Timestamp < target ? lowest : null;
                var reached = Math.Max(old, blocker?.Timestamp ?? target);
                await WriteAsync(new MetaTransaction().Put(keys.TxnSafePoint, Number(reached)), reached != old, cancellationToken);
                return (old, reached, blocker);
            },
            cancellationToken);

    /// <summary>Moves the collection safe point.</summary>
    /// <param name="lenient">As the older call has it: a target below the current value is answered with that value instead of an error.</param>
    public ValueTask<Outcome<(ulong Old, ulong New)>> AdvanceCollectionAsync(
        ulong target, bool lenient, CancellationToken cancellationToken) =>
        ChangeAsync<(ulong, ulong)>(
            async () =>
            {
                var old = CollectionSafePoint;
                if (target < old)
                {
                    return lenient
                        ? (old, old)
                        : PdFailures.Invalid($"the collection safe point is {old} and does not go back to {target}");
                }

                var ceiling = TransactionSafePoint;
                if (target > ceiling)
                {
                    return PdFailures.Invalid(
                        $"the collection safe point {target} would pass the transaction safe point {ceiling}; advance that one first");
                }

                await WriteAsync(CollectionAt(target), target != old, cancellationToken);
                return (old, target);
            },
            cancellationToken);

    /// <summary>
    /// The older single call of clients that know no transaction safe point: moves both, as far as barriers allow.
    /// </summary>
    /// <returns>The collection safe point afterwards.</returns>
    public async ValueTask<Outcome<ulong>> AdvanceBothAsync(ulong target, CancellationToken cancellationToken)
    {
        if (target > TransactionSafePoint)
        {
            var moved = await AdvanceTransactionAsync(target, cancellationToken);
            if (!moved.Succeeded)
            {
                return moved.Failure;
            }
        }

        var reached = await AdvanceCollectionAsync(Math.Min(target, TransactionSafePoint), lenient: true, cancellationToken);
        return reached.Select(static both => both.New);
    }

    /// <summary>Sets or moves a barrier.</summary>
    /// <param name="ttlSeconds">Positive; <see cref="long.MaxValue"/> for no expiry.</param>
    public ValueTask<Outcome<GcBarrier>> SetBarrierAsync(
        string name, ulong timestamp, long ttlSeconds, CancellationToken cancellationToken) =>
        ChangeAsync<GcBarrier>(
            async () =>
            {
                if (name.Length is 0 or > 128 || ttlSeconds <= 0)
                {
                    return PdFailures.Invalid("a barrier has a name of 1 to 128 characters and a positive time to live");
                }

                if (timestamp < TransactionSafePoint)
                {
                    return PdFailures.Invalid(
                        $"a barrier at {timestamp} comes too late: the transaction safe point is {TransactionSafePoint}");
                }

                if (Barriers().Count >= BarriersMax)
                {
                    return PdFailures.Invalid($"there are {BarriersMax} barriers, which is the limit; delete some");
                }

                var now = NowSeconds;
                var barrier = new GcBarrier(name, timestamp, ttlSeconds > long.MaxValue - now ? long.MaxValue : now + ttlSeconds);
                await WriteAsync(RemoveExpired().Put(keys.Barrier(name), Encode(barrier)), changed: true, cancellationToken);
                return barrier;
            },
            cancellationToken);

    /// <summary>Deletes a barrier.</summary>
    /// <returns>What was deleted; null when there was none.</returns>
    public ValueTask<Outcome<GcBarrier?>> DeleteBarrierAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync<GcBarrier?>(
            async () =>
            {
                var known = Barriers().FirstOrDefault(barrier => string.Equals(barrier.Name, name, StringComparison.Ordinal));
                await WriteAsync(RemoveExpired().Delete(keys.Barrier(name)), known is not null, cancellationToken);
                return known;
            },
            cancellationToken);

    /// <summary>Seconds left to a barrier, for responses.</summary>
    public long TtlSeconds(GcBarrier barrier) =>
        barrier.ExpiresAtSeconds == long.MaxValue ? long.MaxValue : barrier.ExpiresAtSeconds - NowSeconds;

    public void Dispose() => _gate.Dispose();

    private static byte[] Encode(GcBarrier barrier)
    {
        var value = new byte[sizeof(ulong) + sizeof(long)];
        BinaryPrimitives.WriteUInt64BigEndian(value, barrier.Timestamp);
        BinaryPrimitives.WriteInt64BigEndian(value.AsSpan(sizeof(ulong)), barrier.ExpiresAtSeconds);
        return value;
    }

    private static byte[] Number(ulong number)
    {
        var value = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(value, number);
        return value;
    }

    private GcBarrier Decode(MetaEntry entry) => new(
        Encoding.UTF8.GetString(entry.Key)[keys.Barriers.Length..],
        BinaryPrimitives.ReadUInt64BigEndian(entry.Value),
        BinaryPrimitives.ReadInt64BigEndian(entry.Value.AsSpan(sizeof(ulong))));

    private MetaTransaction CollectionAt(ulong safePoint) => new MetaTransaction()
        .Put(keys.GcSafePoint, Number(safePoint))
        .Put(MetaKeys.SavedSafePoint, Encoding.ASCII.GetBytes(safePoint.ToString(CultureInfo.InvariantCulture)));

    private MetaTransaction RemoveExpired()
    {
        var transaction = new MetaTransaction();
        var now = NowSeconds;
        foreach (var expired in meta.Read(map => map.Prefix(keys.Barriers).Where(entry => Decode(entry).ExpiresAtSeconds <= now).ToList()))
        {
            transaction.Delete(expired.Key);
        }

        return transaction;
    }

    private ulong ReadNumber(string key) =>
        meta.Read(map => map.TryGet(key, out var entry) ? BinaryPrimitives.ReadUInt64BigEndian(entry.Value) : 0);

    private async ValueTask WriteAsync(MetaTransaction transaction, bool changed, CancellationToken cancellationToken)
    {
        if (changed)
        {
            await meta.ProposeAsync(transaction, cancellationToken);
        }
    }

    private async ValueTask<Outcome<T>> ChangeAsync<T>(Func<ValueTask<Outcome<T>>> change, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return await change();
        }
        finally
        {
            _gate.Release();
        }
    }
}
