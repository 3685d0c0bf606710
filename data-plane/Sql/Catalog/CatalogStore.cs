using Cloud.Codec.Tables;
using Cloud.KvClient;

namespace Cloud.Sql.Catalog;

/// <summary>
/// The catalog as this node knows it. Invariants: what <see cref="GetAsync"/> returns was current within the lease before the call; a
/// change is one transaction that locks the version key, so that changes are serial in the whole cluster; the version grows with each.
/// A crash before the commit leaves nothing, after it everything. Thread-safe.
/// </summary>
internal sealed class CatalogStore(IKvTransactions storage, TimeProvider clock, TimeSpan lease) : IDisposable
{
    private static readonly TimeSpan LockWait = TimeSpan.FromSeconds(50);

    private readonly SemaphoreSlim _refreshing = new(1, 1);
    private SchemaCatalog _catalog = SchemaCatalog.Empty;
    private long _checkedAt = long.MinValue;

    /// <summary>How long a node may use a catalog without asking storage for its version.</summary>
    public TimeSpan Lease => lease;

    /// <summary>The catalog, asked for anew when the lease has run out.</summary>
    public ValueTask<SchemaCatalog> GetAsync(CancellationToken cancellationToken)
    {
        // PERF-CRITICAL: the common path has no await.
        var checkedAt = Volatile.Read(ref _checkedAt);
        return checkedAt != long.MinValue && clock.GetElapsedTime(checkedAt) < lease
            ? new ValueTask<SchemaCatalog>(Volatile.Read(ref _catalog))
            : RefreshAsync(cancellationToken);
    }

    /// <summary>The catalog as it is now.</summary>
    public async ValueTask<SchemaCatalog> RefreshAsync(CancellationToken cancellationToken)
    {
        await _refreshing.WaitAsync(cancellationToken);
        try
        {
            var asked = clock.GetTimestamp();
            var version = CatalogKeys.ReadNumber(
                await storage.GetSnapshot(ulong.MaxValue).GetAsync(CatalogKeys.Version, cancellationToken));
            if (version != _catalog.Version)
            {
                var timestamp = await storage.GetTimestampAsync(cancellationToken);
                Volatile.Write(ref _catalog, await LoadAsync(storage.GetSnapshot(timestamp), cancellationToken));
            }

            Volatile.Write(ref _checkedAt, asked);
            return _catalog;
        }
        finally
        {
            _refreshing.Release();
        }
    }

    /// <summary>Runs one change in one transaction; <paramref name="change"/> may throw to give it up.</summary>
    public async ValueTask<SchemaCatalog> ChangeAsync(Func<CatalogEditor, ValueTask> change, CancellationToken cancellationToken)
    {
        var start = await storage.GetTimestampAsync(cancellationToken);
        await using (var transaction = storage.Begin(start, TransactionMode.Pessimistic))
        {
            await transaction.LockAsync([CatalogKeys.Version], LockWait, cancellationToken);
            var current = await LoadAsync(await transaction.CurrentSnapshotAsync(cancellationToken), cancellationToken);
            var editor = new CatalogEditor(current, transaction, clock);
            await change(editor);
            if (!editor.HasChanges)
            {
                await transaction.RollbackAsync(cancellationToken);
                return current;
            }

            transaction.Set(CatalogKeys.Version, CatalogKeys.Number(editor.NewVersion));
            await transaction.CommitAsync(cancellationToken);
        }

        return await RefreshAsync(cancellationToken);
    }

    /// <summary>Waits until every node uses the newest catalog or has stopped using its own.</summary>
    public Task WaitForNodesAsync(CancellationToken cancellationToken) => Task.Delay(lease * 2, clock, cancellationToken);

    public void Dispose() => _refreshing.Dispose();

    private static async ValueTask<SchemaCatalog> LoadAsync(IKvSnapshot snapshot, CancellationToken cancellationToken)
    {
        var version = CatalogKeys.ReadNumber(await snapshot.GetAsync(CatalogKeys.Version, cancellationToken));
        var databases = new List<DatabaseDefinition>();
        await foreach (var batch in snapshot.ScanAsync(
            CatalogKeys.Databases, TableKeys.PrefixEnd(CatalogKeys.Databases), 0, reverse: false, cancellationToken))
        {
            databases.AddRange(batch.Select(pair => CatalogRecords.ReadDatabase(pair.Value)));
        }

        var tables = new List<TableDefinition>();
        await foreach (var batch in snapshot.ScanAsync(
            CatalogKeys.Tables, TableKeys.PrefixEnd(CatalogKeys.Tables), 0, reverse: false, cancellationToken))
        {
            tables.AddRange(batch.Select(pair => CatalogRecords.ReadTable(pair.Value)));
        }

        return new SchemaCatalog(version, databases, tables);
    }
}
