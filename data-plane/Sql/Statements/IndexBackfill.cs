using Cloud.Codec.Tables;
using Cloud.KvClient;
using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;

namespace Cloud.Sql.Statements;

/// <summary>
/// Adds an index to a table with rows. Invariants: the index passes delete-only, write-only and public, and between two states every node
/// is waited for, so that no node adds entries that another does not know to remove; rows are filled in from a snapshot taken after all
/// nodes write entries, in transactions that lock the rows they copy, so that a row changed meanwhile is never overwritten by what it was.
/// A crash leaves an index that is kept up and never read; dropping it removes its entries.
/// Source: Rae et al., "Online, Asynchronous Schema Change in F1".
/// </summary>
internal sealed class IndexBackfill(CatalogStore catalog, IKvTransactions storage)
{
    private const int BatchRows = 256;
    private static readonly TimeSpan LockWait = TimeSpan.FromSeconds(50);

    public async ValueTask<SchemaCatalog> AddAsync(TableName name, IndexSpec spec, EvaluationContext context, CancellationToken cancellationToken)
    {
        if (spec.Kind == IndexKind.Primary)
        {
            throw Errors.NotSupported("adding a primary key to an existing table");
        }

        var indexId = 0L;
        await ChangeAsync(name, table =>
        {
            indexId = table.NextIndexId;
            return TableBuilder.AddIndex(table, spec, IndexState.DeleteOnly);
        }, cancellationToken);
        try
        {
            await catalog.WaitForNodesAsync(cancellationToken);
            var written = await SetStateAsync(name, indexId, IndexState.WriteOnly, cancellationToken);
            await catalog.WaitForNodesAsync(cancellationToken);
            var table = SchemaChanges.Require(written, name, null).Table;
            await FillAsync(table, table.Indexes.First(index => index.Id == indexId), context, cancellationToken);
            return await SetStateAsync(name, indexId, IndexState.Public, cancellationToken);
        }
        catch
        {
            // A duplicate or a cancelled statement: the index goes away again, also when the client no longer waits.
            await RemoveAsync(name, indexId, CancellationToken.None);
            throw;
        }
    }

    public static TableDefinition Without(TableDefinition table, long indexId) =>
        TableBuilder.WithKeyFlags(table with { Indexes = [.. table.Indexes.Where(index => index.Id != indexId)] });

    private ValueTask<SchemaCatalog> SetStateAsync(TableName name, long indexId, IndexState state, CancellationToken cancellationToken) => ChangeAsync(
        name,
        table => table with { Indexes = [.. table.Indexes.Select(index => index.Id == indexId ? index with { State = state } : index)] },
        cancellationToken);

    private ValueTask<SchemaCatalog> ChangeAsync(TableName name, Func<TableDefinition, TableDefinition> change, CancellationToken cancellationToken) =>
        catalog.ChangeAsync(
            editor =>
            {
                editor.Put(change(SchemaChanges.Require(editor.Current, name, null).Table));
                return ValueTask.CompletedTask;
            },
            cancellationToken);

    private ValueTask<SchemaCatalog> RemoveAsync(TableName name, long indexId, CancellationToken cancellationToken) => catalog.ChangeAsync(
        editor =>
        {
            var table = SchemaChanges.Require(editor.Current, name, null).Table;
            editor.Put(Without(table, indexId));
            editor.NoteIndexGarbage(table.Id, indexId);
            return ValueTask.CompletedTask;
        },
        cancellationToken);

    private async ValueTask FillAsync(TableDefinition table, IndexDefinition index, EvaluationContext context, CancellationToken cancellationToken)
    {
        var timestamp = await storage.GetTimestampAsync(cancellationToken);
        var prefix = TableKeys.RowPrefix(table.Id);
        var keys = new List<ReadOnlyMemory<byte>>();
        await foreach (var batch in storage.GetSnapshot(timestamp).ScanAsync(
            prefix, TableKeys.PrefixEnd(prefix), 0, reverse: false, cancellationToken))
        {
            foreach (var pair in batch)
            {
                keys.Add(pair.Key);
                if (keys.Count == BatchRows)
                {
                    await FillAsync(table, index, keys, context, cancellationToken);
                    keys.Clear();
                }
            }
        }

        if (keys.Count > 0)
        {
            await FillAsync(table, index, keys, context, cancellationToken);
        }
    }

    private async ValueTask FillAsync(
        TableDefinition table, IndexDefinition index, List<ReadOnlyMemory<byte>> keys, EvaluationContext context, CancellationToken cancellationToken)
    {
        var start = await storage.GetTimestampAsync(cancellationToken);
        await using var transaction = storage.Begin(start, TransactionMode.Pessimistic);
        using var writer = new TableWriter(table, transaction, pessimistic: true, LockWait, context);
        var current = await transaction.LockAsync(keys, LockWait, cancellationToken);
        var entries = new List<(byte[] Key, ReadOnlyMemory<byte> Value, byte[] Handle, Datum[] Row, bool Unique)>();
        foreach (var pair in current)
        {
            var row = writer.Decode(pair.Key, pair.Value);
            var handle = TableKeys.HandleOf(pair.Key).ToArray();
            var key = writer.Codec.IndexKey(index, row, handle, out var handleInKey);
            entries.Add((key, writer.Codec.IndexEntryValue(handle, handleInKey), handle, row, !handleInKey));
        }

        var unique = entries.Where(entry => entry.Unique).DistinctBy(entry => new ByteKey(entry.Key)).Select(entry => (ReadOnlyMemory<byte>)entry.Key).ToList();
        var existing = unique.Count == 0 ? [] : await transaction.LockAsync(unique, LockWait, cancellationToken);
        var owners = existing.ToDictionary(pair => new ByteKey(pair.Key), pair => IndexValue.HandleOf(pair.Value).ToArray());
        foreach (var entry in entries)
        {
            if (entry.Unique)
            {
                if (owners.TryGetValue(new ByteKey(entry.Key), out var owner) && !owner.AsSpan().SequenceEqual(entry.Handle))
                {
                    throw writer.Duplicate(index, entry.Row);
                }

                owners[new ByteKey(entry.Key)] = entry.Handle;
            }

            transaction.Set(entry.Key, entry.Value);
        }

        await transaction.CommitAsync(cancellationToken);
    }
}
