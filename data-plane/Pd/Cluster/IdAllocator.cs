using System.Buffers.Binary;
using Cloud.Pd.Meta;

namespace Cloud.Pd.Cluster;

/// <summary>
/// Ids for stores, regions and peers: unique over the cluster's life, ascending, with gaps. A block is made durable before its first id is
/// handed out, so that a crash only loses the rest of a block. Thread-safe.
/// </summary>
internal sealed class IdAllocator(MetaStore meta, MetaKeys keys) : IDisposable
{
    /// <summary>Ids reserved by one write. Source: PD's allocator step.</summary>
    public const ulong BlockSize = 1000;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private ulong _last;
    private ulong _bound;

    /// <summary>Takes <paramref name="count"/> consecutive ids.</summary>
    /// <returns>The last of them.</returns>
    public async ValueTask<ulong> AllocateAsync(uint count, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_last + count > _bound)
            {
                await ReserveAsync(count, cancellationToken);
            }

            _last += count;
            return _last;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private async ValueTask ReserveAsync(uint count, CancellationToken cancellationToken)
    {
        var durable = meta.Read(map => map.TryGet(keys.AllocatedId, out var entry) ? BinaryPrimitives.ReadUInt64BigEndian(entry.Value) : 0);
        if (_bound != durable)
        {
            _last = durable; // The first block of this process: ids up to the durable bound may be in use.
        }

        var bound = Math.Max(_last, durable) + Math.Max(BlockSize, count);
        var value = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(value, bound);
        await meta.ProposeAsync(new MetaTransaction().Put(keys.AllocatedId, value), cancellationToken);
        _bound = bound;
    }
}
