using Cloud.Engine;
using Cloud.Rpc.Proto.Errorpb;
using Cloud.Storage.Mvcc;
using Cloud.Storage.Regions;
using Cloud.Storage.Replication;
using Cloud.Storage.Transactions;

namespace Cloud.Storage;

/// <summary>What the parts of one store share.</summary>
internal sealed class LocalStore : IDisposable
{
    internal LocalStore(ReplicatedStore replicated, RegionMap regions, StorageLimits limits, TimeProvider time)
    {
        Engine = replicated.Engine;
        PersistedLocks = replicated.Locks;
        Regions = regions;
        Limits = limits;
        Time = time;
        Waits = new LockWaits(time, limits);
    }

    internal IKvEngine Engine { get; }

    internal RegionMap Regions { get; }

    internal StorageLimits Limits { get; }

    internal TimeProvider Time { get; }

    internal StorageCounters Counters { get; } = new();

    internal LockTable Locks { get; } = new();

    internal PersistedLocks PersistedLocks { get; }

    internal Latches Latches { get; } = new();

    internal LockWaits Waits { get; }

    internal DeadlockDetector Deadlocks { get; } = new();

    /// <summary>
    /// Runs a transaction command: takes the latches of its keys, lets it read and decide, replicates what it gathered,
    /// then releases the latches and wakes those who wait for the locks it released.
    /// </summary>
    /// <param name="peer">The region, checked by the caller.</param>
    /// <param name="dataKeys">Every key that is read or written.</param>
    /// <param name="state">Handed to <paramref name="decide"/>.</param>
    /// <param name="decide">Reads and gathers; runs once, without waiting.</param>
    /// <param name="cancellationToken">Gives up before anything is decided; not afterwards.</param>
    /// <returns>Null when all is durable and visible.</returns>
    internal async ValueTask<Error?> RunAsync<TState>(
        RegionPeer peer, byte[][] dataKeys, TState state, Action<TxnCommand, TState> decide, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var latch = await Latches.AcquireAsync(dataKeys);
        using var command = new TxnCommand(peer, Engine, Locks);
        decide(command, state);
        var error = await command.CommitAsync();
        if (error is null && command.Released.Count > 0)
        {
            Waits.Wake(command.Released);
        }

        return error;
    }

    public void Dispose()
    {
        Waits.Dispose();
        Counters.Dispose();
    }
}
