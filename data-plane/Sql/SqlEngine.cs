using System.Collections.Concurrent;
using Cloud.KvClient;
using Cloud.Sql.Catalog;
using Cloud.Sql.Sessions;
using Cloud.Sql.Statements;
using Cloud.Sql.Storage;

namespace Cloud.Sql;

public sealed record SqlEngineOptions
{
    /// <summary>How long this node may use its catalog without asking for a newer one; adding an index waits for four of them.</summary>
    public TimeSpan SchemaLease { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Memory that one statement may hold.</summary>
    public long StatementMemoryBytesMax { get; init; } = SqlLimits.StatementMemoryBytesMax;

    /// <summary>How often the rows of dropped tables are looked for.</summary>
    public TimeSpan GarbageInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Called when the background removal of dropped rows fails; it is tried again after the interval.</summary>
    public Action<Exception>? GarbageFailed { get; init; }
}

/// <summary>The SQL service over a key-value cluster: makes sessions, keeps the catalog. Thread-safe.</summary>
public sealed class SqlEngine : IAsyncDisposable
{
    /// <summary>What clients are told; the part before the hyphen is the MySQL version whose behaviour is followed.</summary>
    public const string ServerVersion = "8.0.36-Cloud-0.1.0";

    private readonly ConcurrentDictionary<uint, SqlSession> _sessions = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _garbage;
    private readonly long _startedAt;
    private int _lastConnectionId;

    public SqlEngine(IKvTransactions storage, TimeProvider clock, SqlEngineOptions? options = null)
    {
        Options = options ?? new SqlEngineOptions();
        Storage = storage;
        Clock = clock;
        _startedAt = clock.GetTimestamp();
        Catalog = new CatalogStore(storage, clock, Options.SchemaLease);
        Numbers = new NumberAllocator(storage, clock);
        Changes = new SchemaChanges(Catalog, Numbers, new IndexBackfill(Catalog, storage));
        _garbage = RemoveGarbageAsync(new GarbageRemover(storage), _stopping.Token);
    }

    internal SqlEngineOptions Options { get; }

    internal IKvTransactions Storage { get; }

    internal TimeProvider Clock { get; }

    internal CatalogStore Catalog { get; }

    internal NumberAllocator Numbers { get; }

    internal SchemaChanges Changes { get; }

    internal IEnumerable<SqlSession> Sessions => _sessions.Values.OrderBy(session => session.ConnectionId);

    internal TimeSpan Uptime => Clock.GetElapsedTime(_startedAt);

    /// <summary>Sessions that are open.</summary>
    public int SessionCount => _sessions.Count;

    /// <summary>Begins a session; its owner disposes it.</summary>
    public ISqlSession CreateSession(SqlSessionOptions options)
    {
        // Ids minted here have the highest bit, so that they meet none that the protocol hands out from 1 on.
        var id = options.ConnectionId != 0
            ? options.ConnectionId
            : (uint)Interlocked.Increment(ref _lastConnectionId) | 0x8000_0000;
        var session = new SqlSession(this, id, options);
        _sessions[session.ConnectionId] = session;
        return session;
    }

    internal SqlSession? FindSession(long connectionId) =>
        connectionId is > 0 and <= uint.MaxValue ? _sessions.GetValueOrDefault((uint)connectionId) : null;

    internal void Remove(SqlSession session) => _sessions.TryRemove(session.ConnectionId, out _);

    /// <summary>Ends the background work. Sessions are their owners' to dispose, before.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _garbage;
        _stopping.Dispose();
        Catalog.Dispose();
    }

    private async Task RemoveGarbageAsync(GarbageRemover remover, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Options.GarbageInterval, Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                try
                {
                    await remover.RunAsync(cancellationToken);
                }
                catch (KvException exception)
                {
                    Options.GarbageFailed?.Invoke(exception);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The engine stops; what is left is done after the next start.
        }
    }
}
