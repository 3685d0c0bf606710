using System.Threading.Channels;

namespace Cloud.Pd.Meta;

/// <summary>
/// PD's metadata: read from memory, changed by proposing transactions. A proposal is durable and applied when its task completes;
/// concurrent proposals share one flush. Thread-safe.
/// This is the seam that a replicated log takes: propose, persist, apply in order.
/// </summary>
internal sealed class MetaStore : IAsyncDisposable
{
    /// <summary>Log bytes after which a snapshot is written. Chosen here: replayed in milliseconds, rewritten rarely.</summary>
    private const long CompactBytes = 4 * 1024 * 1024;

    /// <summary>Proposals that may wait; more are refused a place until some are done.</summary>
    private const int QueuedMax = 4096;

    private readonly Lock _gate = new();
    private readonly MetaMap _map;
    private readonly MetaLog _log;
    private readonly Channel<Proposal> _proposals = Channel.CreateBounded<Proposal>(QueuedMax);
    private readonly TaskCompletionSource<Exception> _fault = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _writer;

    private MetaStore(MetaMap map, MetaLog log)
    {
        _map = map;
        _log = log;
        _writer = Task.Factory.StartNew(
            WriteAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Default).Unwrap();
    }

    /// <summary>Completes with the failure after which nothing is written any more.</summary>
    public Task<Exception> Fault => _fault.Task;

    public long Revision
    {
        get
        {
            lock (_gate)
            {
                return _map.Revision;
            }
        }
    }

    /// <exception cref="PdStateException">The folder's files are damaged or of another version.</exception>
    public static MetaStore Open(string folder)
    {
        var map = new MetaMap();
        return new MetaStore(map, MetaLog.Open(folder, map));
    }

    /// <summary>Reads several things at one revision.</summary>
    public T Read<T>(Func<MetaMap, T> read)
    {
        lock (_gate)
        {
            return read(_map);
        }
    }

    /// <summary>
    /// Makes a transaction durable and applies it. Once it is queued cancelling has no effect: the caller must learn what was decided.
    /// </summary>
    /// <returns>Its revision.</returns>
    /// <exception cref="IOException">The disk failed: this store is unusable, and its process must restart.</exception>
    public async ValueTask<long> ProposeAsync(MetaTransaction transaction, CancellationToken cancellationToken)
    {
        var proposal = new Proposal(transaction);
        try
        {
            await _proposals.Writer.WriteAsync(proposal, cancellationToken);
        }
        catch (ChannelClosedException closed)
        {
            throw new IOException("PD's metadata store is closed", closed.InnerException);
        }

        return await proposal.Applied.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _proposals.Writer.TryComplete();
        await _writer;
        _log.Dispose();
    }

    private async Task WriteAsync()
    {
        var batch = new List<Proposal>();
        while (await _proposals.Reader.WaitToReadAsync(CancellationToken.None))
        {
            batch.Clear();
            while (_proposals.Reader.TryRead(out var proposal))
            {
                batch.Add(proposal);
            }

            if (!TryWrite(batch))
            {
                return;
            }
        }
    }

    /// <summary>Writes and applies a batch; false when the disk failed, which nothing here can survive.</summary>
    private bool TryWrite(List<Proposal> batch)
    {
        try
        {
            _log.Append(_map.Revision + 1, batch.ConvertAll(static proposal => proposal.Transaction));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Fail(batch, failure);
            return false;
        }

        foreach (var proposal in batch)
        {
            long revision;
            lock (_gate)
            {
                _map.Apply(proposal.Transaction);
                revision = _map.Revision;
            }

            proposal.Applied.TrySetResult(revision);
        }

        return TryCompact();
    }

    private bool TryCompact()
    {
        if (_log.LogBytes < CompactBytes)
        {
            return true;
        }

        try
        {
            _log.Compact(_map); // Only this task changes the map, so that reading it needs no lock.
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Fail([], failure);
            return false;
        }
    }

    /// <summary>
    /// After a failed flush nobody knows what the disk holds, so that no later write may be acknowledged.
    /// Source: Rebello et al., "Can Applications Recover from fsync Failures?" (2020).
    /// </summary>
    private void Fail(List<Proposal> batch, Exception failure)
    {
        _fault.TrySetResult(failure);
        _proposals.Writer.TryComplete(failure);
        while (_proposals.Reader.TryRead(out var waiting))
        {
            batch.Add(waiting);
        }

        foreach (var proposal in batch)
        {
            proposal.Applied.TrySetException(new IOException("PD's metadata could not be written: " + failure.Message, failure));
        }
    }

    private sealed class Proposal(MetaTransaction transaction)
    {
        public MetaTransaction Transaction => transaction;

        public TaskCompletionSource<long> Applied { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
