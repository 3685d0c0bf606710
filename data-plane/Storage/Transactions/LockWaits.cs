using System.Runtime.InteropServices;

namespace Cloud.Storage.Transactions;

/// <summary>
/// Those who wait for a key's lock, on the leader of its region. When a lock is released the oldest transaction among
/// its waiters is woken at once and the others after a short delay, in case the first does not come back. Thread-safe.
/// <para>Invariant. A waiter enqueues while it holds the latch under which it saw the lock, and locks are released
/// under the same latch: no release can be missed.</para>
/// Source: TiKV, <c>src/server/lock_manager/waiter_manager.rs</c>.
/// </summary>
internal sealed class LockWaits(TimeProvider time, StorageLimits limits) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<byte[], List<Waiter>> _waiters = new(KeyComparer.Instance);
    private readonly HashSet<ITimer> _timers = [];
    private int _count;

    /// <summary>How many wait, for the metrics and tests.</summary>
    internal int Count => Volatile.Read(ref _count);

    /// <summary>Begins to wait; null when too many already do.</summary>
    internal Waiter? Enqueue(byte[] dataKey, ulong startTs, ulong lockTs)
    {
        lock (_gate)
        {
            if (_count >= limits.LockWaitersMax)
            {
                return null;
            }

            var waiter = new Waiter(dataKey, startTs, lockTs);
            ref var list = ref CollectionsMarshal.GetValueRefOrAddDefault(_waiters, dataKey, out _);
            (list ??= []).Add(waiter);
            _count++;
            return waiter;
        }
    }

    /// <summary>Waits until the lock is released or the time is over.</summary>
    /// <returns>What released it; null when the time is over.</returns>
    internal async ValueTask<ReleasedLock?> WaitAsync(
        Waiter waiter, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            return await waiter.Woken.Task.WaitAsync(timeout, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
        finally
        {
            Remove(waiter);
        }
    }

    /// <summary>Wakes those who wait for locks that were released and are gone from the engine.</summary>
    internal void Wake(List<ReleasedLock> released)
    {
        if (Count == 0)
        {
            return;
        }

        foreach (var one in released)
        {
            lock (_gate)
            {
                if (!_waiters.TryGetValue(one.DataKey, out var list))
                {
                    continue;
                }

                var oldest = list[0];
                foreach (var waiter in list)
                {
                    oldest = waiter.StartTs < oldest.StartTs ? waiter : oldest;
                }

                oldest.Woken.TrySetResult(one);
                if (list.Count > 1)
                {
                    WakeOthersLater(one, [.. list]);
                }
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var timer in _timers)
            {
                timer.Dispose();
            }

            _timers.Clear();
        }
    }

    private void WakeOthersLater(ReleasedLock released, Waiter[] waiters)
    {
        ITimer? timer = null;
        timer = time.CreateTimer(
            _ =>
            {
                foreach (var waiter in waiters)
                {
                    waiter.Woken.TrySetResult(released);
                }

                lock (_gate)
                {
                    _timers.Remove(timer!); // Created before it can fire inside the gate.
                    timer!.Dispose();
                }
            },
            state: null,
            limits.WakeUpDelay,
            Timeout.InfiniteTimeSpan);
        _timers.Add(timer);
    }

    private void Remove(Waiter waiter)
    {
        lock (_gate)
        {
            if (_waiters.TryGetValue(waiter.DataKey, out var list) && list.Remove(waiter))
            {
                _count--;
                if (list.Count == 0)
                {
                    _waiters.Remove(waiter.DataKey);
                }
            }
        }
    }

    /// <summary>One transaction that waits for one lock.</summary>
    internal sealed class Waiter(byte[] dataKey, ulong startTs, ulong lockTs)
    {
        internal byte[] DataKey { get; } = dataKey;

        internal ulong StartTs { get; } = startTs;

        /// <summary>The transaction that holds the lock.</summary>
        internal ulong LockTs { get; } = lockTs;

        internal TaskCompletionSource<ReleasedLock> Woken { get; } = new(
            TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>Compares keys by content.</summary>
internal sealed class KeyComparer : IEqualityComparer<byte[]>
{
    internal static KeyComparer Instance { get; } = new();

    public bool Equals(byte[]? left, byte[]? right) => left.AsSpan().SequenceEqual(right);

    public int GetHashCode(byte[] key) => (int)Latches.HashOf(key);
}
