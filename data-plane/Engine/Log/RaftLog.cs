using Cloud.Codec;
using Cloud.Kernel;
using Microsoft.Win32.SafeHandles;

namespace Cloud.Engine.Log;

/// <summary>
/// The append-only log that all regions of a store share: one file at a time, one writer thread, one fdatasync per
/// group.
/// <para>Invariants. Entries become durable in the order of submission, and <see cref="LogWrite.OnDurable"/> is called
/// in that order. A frame is begun only when its predecessor is synced. A file is begun only when its predecessor is
/// synced whole, and deleted only when no live entry and no newest hard state is in it.</para>
/// <para>Crash points. Before the sync of a frame: the frame is whole, torn or absent; nobody was told, and opening
/// keeps it when whole and cuts it off otherwise. While a file is created: a file without frames, removed when opening.
/// While purging: more files than needed. A failed write or sync poisons the log, since the kernel may have dropped the
/// pages: every later submission fails until it is reopened.</para>
/// Source: Raft paper §5.2 for what must be durable; P. Alvaro et al. and the PostgreSQL project on failed fsync;
/// format chosen here.
/// </summary>
public sealed class RaftLog : IDisposable
{
    private readonly RaftLogOptions _options;
    private readonly Lock _gate = new();
    private readonly LogIndex _index;
    private readonly SortedDictionary<ulong, SafeFileHandle> _segments = [];
    private readonly object _signal = new();
    private readonly Thread _thread;
    private readonly ByteBuffer _frame = new(64 * 1024);
    private List<LogWrite> _queue = new(1024);
    private List<LogWrite> _group = new(1024);
    private ulong _nextSequence;
    private ulong _currentSegment;
    private long _currentBytes;
    private bool _stopping;
    private Exception? _failure;

    private RaftLog(RaftLogOptions options, LogRecovery recovery)
    {
        _options = options;
        _index = recovery.Index;
        _nextSequence = recovery.NextSequence;
        CutBytes = recovery.CutBytes;
        foreach (var segment in recovery.Segments)
        {
            _segments[segment] = File.OpenHandle(
                LogFiles.PathOf(options.Directory, segment), FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
            _currentSegment = segment;
        }

        _currentBytes = recovery.TailBytes;
        if (recovery.Segments.Count == 0)
        {
            BeginSegment(1);
        }

        _thread = new Thread(Run) { IsBackground = true, Name = "raft-log" };
        _thread.Start();
    }

    /// <summary>Bytes of an unacknowledged tail that opening cut off.</summary>
    public long CutBytes { get; }

    /// <summary>Bytes of all files.</summary>
    public long SizeBytes
    {
        get
        {
            lock (_gate)
            {
                return _currentBytes + ((_segments.Count - 1) * _options.SegmentBytes);
            }
        }
    }

    /// <summary>
    /// Frames synced since opening; with the entries submitted it tells how well commits are grouped.
    /// </summary>
    public long Syncs { get; private set; }

    /// <summary>Opens a log, or begins one in an empty or missing folder.</summary>
    /// <exception cref="EngineException">Synced data is damaged, or another version wrote it.</exception>
    public static RaftLog Open(RaftLogOptions options)
    {
        Directory.CreateDirectory(options.Directory);
        return new RaftLog(options, LogRecovery.Run(options.Directory));
    }

    /// <summary>Regions that have anything in the log.</summary>
    public IReadOnlyList<ulong> Regions()
    {
        lock (_gate)
        {
            return [.. _index.Regions.Keys];
        }
    }

    /// <summary>The first and last index kept of a region; last is first − 1 when there are none.</summary>
    public (ulong First, ulong Last) Range(ulong region)
    {
        lock (_gate)
        {
            return _index.Regions.TryGetValue(region, out var log) ? (log.First, log.Last) : (1, 0);
        }
    }

    /// <summary>The newest durable hard state of a region; null when none was written.</summary>
    public LogHardState? HardState(ulong region)
    {
        lock (_gate)
        {
            return _index.Regions.TryGetValue(region, out var log) ? log.HardState : null;
        }
    }

    /// <summary>Reads a durable entry back.</summary>
    /// <exception cref="EngineException">The entry on disk is damaged.</exception>
    public LogEntry Read(ulong region, ulong index)
    {
        lock (_gate)
        {
            var log = _index.Regions[region];
            Invariant.Require(index >= log.First && index <= log.Last, $"entry {index} of region {region} is in the log");
            var position = log[(int)(index - log.First)];
            var bytes = new byte[position.Length];
            var read = RandomAccess.Read(_segments[position.Segment], bytes, position.Offset);
            if (read != bytes.Length || !LogFormat.TryReadRecord(bytes, out var record) || record.Index != index)
            {
                throw new EngineException(
                    $"entry {index} of region {region} in {LogFiles.PathOf(_options.Directory, position.Segment)} at byte " +
                    $"{position.Offset} is damaged: restore the store from a backup or replace it");
            }

            return new LogEntry(index, record.Term, record.Payload.ToArray());
        }
    }

    /// <summary>Queues an entry. Never blocks; the caller bounds what it has under way.</summary>
    public void Submit(LogWrite write)
    {
        Exception? failure;
        lock (_signal)
        {
            failure = _failure ?? (_stopping ? new ObjectDisposedException(nameof(RaftLog)) : null);
            if (failure is null)
            {
                _queue.Add(write);
                if (_queue.Count == 1)
                {
                    Monitor.Pulse(_signal);
                }
            }
        }

        if (failure is not null)
        {
            write.OnFailed(failure);
        }
    }

    /// <summary>Replaces the hard state of a region; durable when the task completes.</summary>
    public Task SetHardStateAsync(ulong region, LogHardState state)
    {
        var write = new LogHardStateWrite(region, state);
        Submit(write);
        return write.Completion.Task;
    }

    /// <summary>
    /// Gives up the entries of a region up to an index; files that are not needed any more are gone when the task
    /// completes.
    /// </summary>
    public Task PurgeAsync(ulong region, ulong throughIndex)
    {
        var write = new LogPurge(region, throughIndex);
        Submit(write);
        return write.Completion.Task;
    }

    /// <summary>Writes and syncs what is queued, then closes the files.</summary>
    public void Dispose()
    {
        lock (_signal)
        {
            if (_stopping)
            {
                return;
            }

            _stopping = true;
            Monitor.PulseAll(_signal);
        }

        _thread.Join();
        foreach (var segment in _segments.Values)
        {
            segment.Dispose();
        }

        _frame.Dispose();
    }

    private void Run()
    {
        while (TakeGroup())
        {
            try
            {
                WriteGroup();
            }
            catch (Exception error) when (error is IOException or EngineException or UnauthorizedAccessException)
            {
                Poison(error);
                continue;
            }

            foreach (var write in _group)
            {
                write.OnDurable();
            }
        }
    }

    /// <summary>
    /// Waits for submissions and takes all of them, up to the size of a group; false when stopping and nothing is left.
    /// </summary>
    private bool TakeGroup()
    {
        _group.Clear();
        lock (_signal)
        {
            while (_queue.Count == 0)
            {
                if (_stopping)
                {
                    return false;
                }

                Monitor.Wait(_signal);
            }

            var bytes = 0L;
            var taken = 0;
            while (taken < _queue.Count && (taken == 0 || bytes < _options.GroupBytesMax))
            {
                bytes += _queue[taken++].Payload.Length;
            }

            if (taken == _queue.Count)
            {
                (_queue, _group) = (_group, _queue);
            }
            else
            {
                _group.AddRange(_queue.GetRange(0, taken));
                _queue.RemoveRange(0, taken);
            }
        }

        return true;
    }

    // PERF-CRITICAL: runs once per group, allocates nothing for entries.
    private void WriteGroup()
    {
        _frame.Clear();
        _frame.Append(LogFormat.FrameHeaderBytes);
        uint records = 0;
        var purges = false;
        foreach (var write in _group)
        {
            // The hard states that go along with a purge are older than any in the group, so they come first.
            if (write is LogPurge purge)
            {
                purges = true;
                records += AppendPurge(purge);
            }
        }

        foreach (var write in _group)
        {
            if (write is LogPurge)
            {
                continue;
            }

            var kind = write is LogHardStateWrite ? LogRecordKind.HardState : LogRecordKind.Entry;
            LogFormat.AppendRecord(_frame, kind, write.RegionId, write.Index, write.Term, write.Payload);
            records++;
        }

        if (_currentBytes >= _options.SegmentBytes)
        {
            BeginSegment(_currentSegment + 1);
        }

        LogFormat.CompleteFrame(_frame, _nextSequence, records);
        var file = _segments[_currentSegment];
        RandomAccess.Write(file, _frame.Written, _currentBytes);
        LogFiles.SyncData(file);
        Syncs++;
        lock (_gate)
        {
            IndexFrame(_frame.Written[LogFormat.FrameHeaderBytes..], records);
            _currentBytes += _frame.Length;
            _nextSequence++;
        }

        if (purges)
        {
            DeleteUnneeded();
        }
    }

    /// <summary>The newest hard states go along, since the files that hold them may be deleted next.</summary>
    private uint AppendPurge(LogPurge purge)
    {
        uint records = 1;
        Span<byte> payload = stackalloc byte[16];
        LogFormat.AppendRecord(_frame, LogRecordKind.Compacted, purge.RegionId, purge.Index, 0, default);
        foreach (var (region, log) in _index.Regions)
        {
            if (log.HardState is { } state)
            {
                LogHardStateWrite.Encode(state, payload);
                LogFormat.AppendRecord(_frame, LogRecordKind.HardState, region, 0, state.Term, payload);
                records++;
            }
        }

        return records;
    }

    private void IndexFrame(ReadOnlySpan<byte> body, uint records)
    {
        var offset = _currentBytes + LogFormat.FrameHeaderBytes;
        for (uint i = 0; i < records; i++)
        {
            var intact = LogFormat.TryReadRecord(body, out var record);
            Invariant.Require(intact, "a record just written can be read");
            var error = _index.Add(record, _currentSegment, offset);
            Invariant.Require(error is null, $"entries of a region are submitted in order: {error}");
            offset += record.Bytes;
            body = body[record.Bytes..];
        }
    }

    private void BeginSegment(ulong segment)
    {
        var handle = LogFiles.Create(_options.Directory, segment, _nextSequence);
        lock (_gate)
        {
            _segments[segment] = handle;
            _currentSegment = segment;
            _currentBytes = LogFormat.SegmentHeaderBytes;
        }
    }

    private void DeleteUnneeded()
    {
        lock (_gate)
        {
            var keepFrom = Math.Min(_index.OldestSegment() ?? _currentSegment, _currentSegment);
            while (_segments.First() is var (segment, handle) && segment < keepFrom)
            {
                handle.Dispose();
                _segments.Remove(segment);
                File.Delete(LogFiles.PathOf(_options.Directory, segment));
            }
        }
    }

    private void Poison(Exception error)
    {
        List<LogWrite> failed;
        var wrapped = new EngineException(
            $"the log in {_options.Directory} could not be written: {error.Message}. Free space or repair the disk, then restart", error);
        lock (_signal)
        {
            _failure = wrapped;
            failed = [.. _group, .. _queue];
            _queue.Clear();
        }

        foreach (var write in failed)
        {
            write.OnFailed(wrapped);
        }
    }
}
