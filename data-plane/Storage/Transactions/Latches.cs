using System.Threading.Tasks.Sources;

namespace Cloud.Storage.Transactions;

/// <summary>
/// Serialises commands that touch a common key, from reading it until the writes are applied. Keys hash onto slots; a
/// command queues on its slots in ascending order and is at the front of all of them when it runs, so there is no
/// deadlock and no overtaking. Thread-safe.
/// Source: TiKV, <c>src/storage/txn/latch.rs</c>.
/// </summary>
internal sealed class Latches
{
    private const int SlotCount = 4096;

    private readonly Lock _gate = new();
    private readonly Queue<Latch>?[] _slots = new Queue<Latch>?[SlotCount];

    /// <summary>
    /// Waits for the slots of the keys. The latch is to be disposed when the command's writes are applied or given up.
    /// </summary>
    internal ValueTask<Latch> AcquireAsync(ReadOnlySpan<byte[]> dataKeys)
    {
        var slots = new ushort[dataKeys.Length];
        for (var i = 0; i < slots.Length; i++)
        {
            slots[i] = (ushort)(HashOf(dataKeys[i]) % SlotCount);
        }

        Array.Sort(slots);
        var latch = new Latch(this, slots);
        lock (_gate)
        {
            if (TryAdvance(latch))
            {
                return ValueTask.FromResult(latch);
            }
        }

        return new ValueTask<Latch>(latch, latch.Version);
    }

    internal static ulong HashOf(ReadOnlySpan<byte> key)
    {
        // FNV-1a, 64 bits: the distribution matters, not the resistance to chosen keys, which only slow their sender
        // down.
        var hash = 14695981039346656037UL;
        foreach (var b in key)
        {
            hash = (hash ^ b) * 1099511628211UL;
        }

        return hash ^ (hash >> 32);
    }

    private void Release(Latch latch)
    {
        List<Latch>? ready = null;
        lock (_gate)
        {
            foreach (var slot in latch.DistinctSlots())
            {
                var queue = _slots[slot]!; // The latch is in it.
                queue.Dequeue();
                if (queue.TryPeek(out var next))
                {
                    next.Owned++;
                    if (TryAdvance(next))
                    {
                        (ready ??= []).Add(next);
                    }
                }
            }
        }

        if (ready is not null)
        {
            foreach (var next in ready)
            {
                next.Complete();
            }
        }
    }

    /// <summary>Queues a latch on its next slots for as long as it is alone there; true when it has all.</summary>
    private bool TryAdvance(Latch latch)
    {
        var slots = latch.DistinctSlots();
        while (latch.Owned < slots.Length)
        {
            var queue = _slots[slots[latch.Owned]] ??= new Queue<Latch>(2);
            queue.Enqueue(latch);
            if (queue.Count > 1)
            {
                return false;
            }

            latch.Owned++;
        }

        return true;
    }

    /// <summary>Slots held or waited for by one command.</summary>
    internal sealed class Latch : IDisposable, IValueTaskSource<Latch>
    {
        private readonly Latches _latches;
        private readonly ushort[] _slots;
        private readonly int _distinct;
        private ManualResetValueTaskSourceCore<Latch> _ready = new() { RunContinuationsAsynchronously = true };
        private bool _released;

        internal Latch(Latches latches, ushort[] sortedSlots)
        {
            _latches = latches;
            _slots = sortedSlots;
            foreach (var slot in sortedSlots)
            {
                if (_distinct == 0 || _slots[_distinct - 1] != slot)
                {
                    _slots[_distinct++] = slot;
                }
            }
        }

        /// <summary>How many slots it is at the front of, from the first.</summary>
        internal int Owned { get; set; }

        internal short Version => _ready.Version;

        public void Dispose()
        {
            if (!_released)
            {
                _released = true;
                _latches.Release(this);
            }
        }

        public Latch GetResult(short token) => _ready.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => _ready.GetStatus(token);

        public void OnCompleted(
            Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _ready.OnCompleted(continuation, state, token, flags);

        internal ReadOnlySpan<ushort> DistinctSlots() => _slots.AsSpan(0, _distinct);

        internal void Complete() => _ready.SetResult(this);
    }
}
