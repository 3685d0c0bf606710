using Cloud.KvClient;
using Cloud.Sql.Catalog;

namespace Cloud.Sql.Sessions;

/// <summary>
/// The open transaction of a session. Begun lazily: BEGIN alone asks storage for nothing. Invariant: a transaction commits only when the
/// tables it wrote are defined as they were when it wrote them, so that no entry of an index added meanwhile is missing.
/// </summary>
internal sealed class SessionTransaction(IKvTransactions storage, bool readOnly) : IAsyncDisposable
{
    private readonly List<(string Name, int Mark)> _savepoints = [];
    private readonly Dictionary<long, long> _revisions = [];
    private IKvTransaction? _transaction;

    public bool ReadOnly => readOnly;

    public bool HasWrites => _revisions.Count > 0;

    public async ValueTask<IKvTransaction> GetAsync(CancellationToken cancellationToken)
    {
        if (_transaction is null)
        {
            var start = await storage.GetTimestampAsync(cancellationToken);
            _transaction = storage.Begin(start, TransactionMode.Pessimistic);
        }

        return _transaction;
    }

    /// <summary>Remembers how tables that a statement wrote are defined.</summary>
    public void NoteWritten(IEnumerable<TableDefinition> tables)
    {
        foreach (var table in tables)
        {
            _revisions.TryAdd(table.Id, table.Revision);
        }
    }

    public async ValueTask CommitAsync(CatalogStore catalog, CancellationToken cancellationToken)
    {
        if (_transaction is null)
        {
            return;
        }

        if (HasWrites)
        {
            SchemaGuard.Require(await catalog.GetAsync(cancellationToken), _revisions);
        }

        await _transaction.CommitAsync(cancellationToken);
    }

    public ValueTask RollbackAsync(CancellationToken cancellationToken) =>
        _transaction?.RollbackAsync(cancellationToken) ?? ValueTask.CompletedTask;

    /// <summary>A savepoint of the same name is replaced, as in MySQL.</summary>
    public void AddSavepoint(string name)
    {
        _savepoints.RemoveAll(savepoint => IsSame(savepoint.Name, name));
        _savepoints.Add((name, _transaction?.Savepoint() ?? 0));
    }

    public void RollbackTo(string name)
    {
        var at = IndexOf(name);
        _transaction?.RollbackTo(_savepoints[at].Mark);
        _savepoints.RemoveRange(at + 1, _savepoints.Count - at - 1);
    }

    public void Release(string name)
    {
        var at = IndexOf(name);
        _savepoints.RemoveRange(at, _savepoints.Count - at);
    }

    public ValueTask DisposeAsync() => _transaction?.DisposeAsync() ?? ValueTask.CompletedTask;

    private int IndexOf(string name)
    {
        var at = _savepoints.FindIndex(savepoint => IsSame(savepoint.Name, name));
        return at >= 0 ? at : throw Errors.SavepointMissing(name);
    }

    private static bool IsSame(string left, string right) => string.Equals(left, right, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Refuses to commit rows that were written for another definition of their table.</summary>
internal static class SchemaGuard
{
    /// <exception cref="SqlException">8028.</exception>
    public static void Require(SchemaCatalog catalog, IReadOnlyDictionary<long, long> revisions)
    {
        foreach (var (table, revision) in revisions)
        {
            if (catalog.FindTable(table)?.Revision != revision)
            {
                throw new SqlException(
                    8028, "HY000", "The definition of a table changed while the transaction was writing to it; run the transaction again.");
            }
        }
    }
}
