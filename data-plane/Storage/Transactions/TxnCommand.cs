using Cloud.Codec;
using Cloud.Engine;
using Cloud.Rpc.Proto.Errorpb;
using Cloud.Storage.Mvcc;
using Cloud.Storage.Regions;
using Cloud.Storage.Replication;

namespace Cloud.Storage.Transactions;

/// <summary>
/// One transaction command while it holds its latches: what it reads, the writes it gathers, the locks it releases and
/// publishes. Nothing of it is visible before <see cref="CommitAsync"/>. Disposing gives up what was not committed. Not
/// thread-safe.
/// </summary>
internal sealed class TxnCommand : IDisposable
{
    private readonly RegionPeer _peer;
    private readonly ByteBuffer _scratch = new();
    private List<byte[]>? _published;
    private Proposal? _proposal;

    internal TxnCommand(RegionPeer peer, IKvEngine engine, LockTable locks)
    {
        _peer = peer;
        Locks = locks;
        Reader = new MvccReader(engine);
        _proposal = peer.Rent();
    }

    internal MvccReader Reader { get; }

    internal LockTable Locks { get; }

    /// <summary>Locks that committing this command releases, for those who wait for them.</summary>
    internal List<ReleasedLock> Released { get; } = [];

    /// <summary>Whether there is anything to write.</summary>
    internal bool HasWrites => Command.Count > 0;

    private WriteCommand Command => _proposal!.Command; // Not used after the commit.

    internal void PutLock(ReadOnlySpan<byte> dataKey, LockRecord record)
    {
        _scratch.Clear();
        record.WriteTo(_scratch);
        Command.Put(ColumnFamily.Lock, dataKey, _scratch.Written);
    }

    /// <param name="dataKey">The key.</param>
    /// <param name="record">Its lock.</param>
    /// <param name="commitTimestamp">0 when rolled back.</param>
    internal void Unlock(byte[] dataKey, LockRecord record, ulong commitTimestamp)
    {
        Command.Delete(ColumnFamily.Lock, dataKey);
        Released.Add(new ReleasedLock(dataKey, record.StartTimestamp, commitTimestamp));
    }

    internal void PutWrite(ReadOnlySpan<byte> dataKey, ulong commitTimestamp, in WriteRecord record)
    {
        _scratch.Clear();
        record.WriteTo(_scratch);
        Command.Put(ColumnFamily.Write, DataKey.WithTimestamp(dataKey, commitTimestamp), _scratch.Written);
    }

    internal void DeleteWrite(ReadOnlySpan<byte> dataKey, ulong commitTimestamp) =>
        Command.Delete(ColumnFamily.Write, DataKey.WithTimestamp(dataKey, commitTimestamp));

    internal void PutValue(ReadOnlySpan<byte> dataKey, ulong startTimestamp, ReadOnlySpan<byte> value) =>
        Command.Put(ColumnFamily.Default, DataKey.WithTimestamp(dataKey, startTimestamp), value);

    internal void DeleteValue(ReadOnlySpan<byte> dataKey, ulong startTimestamp) =>
        Command.Delete(ColumnFamily.Default, DataKey.WithTimestamp(dataKey, startTimestamp));

    internal void DeleteRange(ColumnFamily family, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper) =>
        Command.DeleteRange(family, lower, upper);

    /// <summary>Publishes a lock in memory until this command is committed or given up.</summary>
    internal LockRecord Publish(byte[] dataKey, LockRecord record, ulong floor)
    {
        var published = Locks.Publish(dataKey, record, floor);
        (_published ??= []).Add(dataKey);
        return published;
    }

    /// <summary>Forgets the gathered writes and published locks, to begin anew.</summary>
    internal void Reset()
    {
        Unpublish();
        Released.Clear();
        _peer.Return(_proposal!); // As in Command.
        _proposal = _peer.Rent();
    }

    /// <summary>Replicates the writes, if there are any. On null they are durable and visible.</summary>
    internal ValueTask<Error?> CommitAsync()
    {
        if (!HasWrites)
        {
            return default;
        }

        var proposal = _proposal!; // As in Command.
        _proposal = null;
        return _peer.ProposeAsync(proposal);
    }

    public void Dispose()
    {
        Unpublish();
        if (_proposal is not null)
        {
            _peer.Return(_proposal);
            _proposal = null;
        }

        Reader.Dispose();
        _scratch.Dispose();
    }

    private void Unpublish()
    {
        if (_published is not null)
        {
            foreach (var key in _published)
            {
                Locks.Remove(key);
            }

            _published = null;
        }
    }
}

/// <summary>A lock that was released, and at which timestamp its transaction committed (0: rolled back).</summary>
internal readonly record struct ReleasedLock(byte[] DataKey, ulong StartTimestamp, ulong CommitTimestamp);
