using Cloud.KvClient;

namespace Cloud.Sql.Catalog;

/// <summary>The writes of one schema change, buffered in its transaction.</summary>
internal sealed class CatalogEditor(SchemaCatalog current, IKvTransaction transaction, TimeProvider clock)
{
    /// <summary>The catalog before the change, read under the lock that serialises changes.</summary>
    public SchemaCatalog Current => current;

    public long NewVersion => current.Version + 1;

    public bool HasChanges { get; private set; }

    public long NowUnixSeconds => clock.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>An id for a database or table, never given out before.</summary>
    public async ValueTask<long> NextIdAsync(CancellationToken cancellationToken)
    {
        var id = CatalogKeys.ReadNumber(await transaction.GetAsync(CatalogKeys.NextId, cancellationToken)) + 1;
        transaction.Set(CatalogKeys.NextId, CatalogKeys.Number(id));
        return id;
    }

    public void Put(DatabaseDefinition database)
    {
        transaction.Set(CatalogKeys.Database(database.Id), CatalogRecords.Write(database));
        HasChanges = true;
    }

    public void Put(TableDefinition table)
    {
        transaction.Set(CatalogKeys.Table(table.Id), CatalogRecords.Write(table with { Revision = NewVersion }));
        HasChanges = true;
    }

    public void Drop(DatabaseDefinition database)
    {
        foreach (var table in current.TablesOf(database))
        {
            Drop(table);
        }

        transaction.Delete(CatalogKeys.Database(database.Id));
        HasChanges = true;
    }

    /// <summary>Forgets a table; its rows are removed later, from the note left here.</summary>
    public void Drop(TableDefinition table)
    {
        transaction.Delete(CatalogKeys.Table(table.Id));
        transaction.Delete(CatalogKeys.AutoIncrement(table.Id));
        transaction.Delete(CatalogKeys.RowId(table.Id));
        transaction.Set(CatalogKeys.GarbageOf(table.Id), CatalogKeys.Number(NewVersion));
        HasChanges = true;
    }

    /// <summary>Leaves a note by which the entries of an index are removed later.</summary>
    public void NoteIndexGarbage(long tableId, long indexId) =>
        transaction.Set(CatalogKeys.GarbageOf(tableId, indexId), CatalogKeys.Number(NewVersion));

    /// <summary>Sets the next AUTO_INCREMENT value of a table.</summary>
    public void SetAutoIncrement(long tableId, ulong next) =>
        transaction.Set(CatalogKeys.AutoIncrement(tableId), CatalogKeys.Number((long)next));
}
