using System.Text;
using Cloud.Codec.Tables;
using Cloud.Execution.Chunks;
using Cloud.KvClient;
using Cloud.Sql.Catalog;
using Cloud.Sql.Storage;

namespace Cloud.Sql.Statements;

/// <summary>
/// Writes rows of one table with their index entries into a transaction. Invariants: a row and its entries change together; entries of
/// an index in state delete-only are removed and never added; what must be unique is checked under locks in a pessimistic transaction,
/// and by storage at commit in an optimistic one.
/// </summary>
internal sealed class TableWriter(
    TableDefinition table, IKvTransaction transaction, bool pessimistic, TimeSpan lockWait, EvaluationContext context) : IDisposable
{
    private readonly Dictionary<ByteKey, (IndexDefinition? Index, Datum[] Row)> _inserted = [];
    private readonly int[] _allColumns = [.. Enumerable.Range(0, table.Columns.Count + (table.HandleKind == HandleKind.RowId ? 1 : 0))];

    public TableCodec Codec { get; } = new(table, context.TimeZone);

    public TableDefinition Table => table;

    /// <summary>A row that already has one of a new row's unique values.</summary>
    public sealed record Conflict(IndexDefinition Index, Datum[] Row);

    /// <summary>Keys that must not exist yet for the row to be inserted.</summary>
    public IEnumerable<(byte[] Key, IndexDefinition? Index)> UniqueKeys(Datum[] row)
    {
        if (table.PrimaryKey is { } primary)
        {
            yield return (Codec.RowKey(Codec.HandleOf(row)), primary);
        }

        foreach (var index in table.Indexes)
        {
            if (index.Unique && !index.Primary && index.State != IndexState.DeleteOnly && Codec.UniqueKey(index, row) is { } key)
            {
                yield return (key, index);
            }
        }
    }

    /// <summary>The first existing row that a new row collides with, or null.</summary>
    /// <param name="except">Handle of a row that does not count: the one being updated.</param>
    public async ValueTask<Conflict?> FindConflictAsync(Datum[] row, byte[]? except, CancellationToken cancellationToken)
    {
        var keys = UniqueKeys(row).ToList();
        if (keys.Count == 0)
        {
            return null;
        }

        var existing = await transaction.LockAsync([.. keys.Select(key => (ReadOnlyMemory<byte>)key.Key)], lockWait, cancellationToken);
        foreach (var (key, index) in keys)
        {
            var pair = existing.FirstOrDefault(found => found.Key.AsSpan().SequenceEqual(key));
            if (pair.Key is null)
            {
                continue;
            }

            var handle = index!.Primary ? TableKeys.HandleOf(pair.Key).ToArray() : IndexValue.HandleOf(pair.Value).ToArray(); // A key has an index.
            if (except is not null && handle.AsSpan().SequenceEqual(except))
            {
                continue;
            }

            var value = index.Primary ? pair.Value : await LockRowAsync(handle, cancellationToken);
            return new Conflict(index, Decode(Codec.RowKey(handle), value));
        }

        return null;
    }

    /// <summary>Inserts a row whose unique values are known to be free.</summary>
    public void InsertChecked(Datum[] row)
    {
        var handle = Codec.HandleOf(row);
        transaction.Set(Codec.RowKey(handle), Codec.RowValue(row));
        foreach (var index in table.Indexes)
        {
            if (!index.Primary && index.State != IndexState.DeleteOnly)
            {
                var key = Codec.IndexKey(index, row, handle, out var handleInKey);
                transaction.Set(key, Codec.IndexEntryValue(handle, handleInKey));
            }
        }
    }

    /// <summary>Inserts a row; storage refuses it at commit when a unique value exists.</summary>
    /// <exception cref="SqlException">1062: the statement itself wrote the value before.</exception>
    public void InsertUnchecked(Datum[] row)
    {
        var handle = Codec.HandleOf(row);
        var rowKey = Codec.RowKey(handle);
        Note(rowKey, table.PrimaryKey, row);
        transaction.Insert(rowKey, Codec.RowValue(row));
        foreach (var index in table.Indexes)
        {
            if (index.Primary || index.State == IndexState.DeleteOnly)
            {
                continue;
            }

            var key = Codec.IndexKey(index, row, handle, out var handleInKey);
            if (handleInKey)
            {
                transaction.Set(key, IndexValue.HandleInKey);
            }
            else
            {
                Note(key, index, row);
                transaction.Insert(key, Codec.IndexEntryValue(handle, handleInKey: false));
            }
        }
    }

    /// <summary>Inserts with an immediate check: error 1062 when a unique value exists.</summary>
    public async ValueTask InsertAsync(Datum[] row, CancellationToken cancellationToken)
    {
        if (!pessimistic)
        {
            InsertUnchecked(row);
            return;
        }

        if (await FindConflictAsync(row, except: null, cancellationToken) is { } conflict)
        {
            throw Duplicate(conflict.Index, row);
        }

        InsertChecked(row);
    }

    public void Delete(Datum[] row)
    {
        var handle = Codec.HandleOf(row);
        transaction.Delete(Codec.RowKey(handle));
        foreach (var index in table.Indexes)
        {
            if (!index.Primary)
            {
                transaction.Delete(Codec.IndexKey(index, row, handle, out _));
            }
        }
    }

    /// <summary>Replaces a row by another; only entries that differ are written.</summary>
    /// <exception cref="SqlException">1062.</exception>
    public async ValueTask UpdateAsync(Datum[] before, Datum[] after, CancellationToken cancellationToken)
    {
        var oldHandle = Codec.HandleOf(before);
        var newHandle = Codec.HandleOf(after);
        if (ChangesUnique(before, after, oldHandle, newHandle)
            && await FindConflictAsync(after, oldHandle, cancellationToken) is { } conflict)
        {
            throw Duplicate(conflict.Index, after);
        }

        if (!oldHandle.AsSpan().SequenceEqual(newHandle))
        {
            Delete(before);
            InsertChecked(after);
            return;
        }

        transaction.Set(Codec.RowKey(oldHandle), Codec.RowValue(after));
        foreach (var index in table.Indexes)
        {
            if (index.Primary)
            {
                continue;
            }

            var oldKey = Codec.IndexKey(index, before, oldHandle, out _);
            var newKey = Codec.IndexKey(index, after, newHandle, out var handleInKey);
            if (oldKey.AsSpan().SequenceEqual(newKey))
            {
                continue;
            }

            transaction.Delete(oldKey);
            if (index.State != IndexState.DeleteOnly)
            {
                transaction.Set(newKey, Codec.IndexEntryValue(newHandle, handleInKey));
            }
        }
    }

    /// <summary>The error for a key that storage found to exist at commit; null when this writer did not insert it.</summary>
    public SqlException? DuplicateOf(byte[] key) =>
        _inserted.TryGetValue(new ByteKey(key), out var inserted) && inserted.Index is { } index ? Duplicate(index, inserted.Row) : null;

    public SqlException Duplicate(IndexDefinition index, Datum[] row)
    {
        const int ShownBytesMax = 64;
        var text = new StringBuilder();
        foreach (var part in index.Parts)
        {
            var type = table.Columns[part.Column].Type;
            var value = ColumnEncoding.Prefix(row[part.Column], type, part.PrefixLength);
            text.Append(text.Length > 0 ? "-" : string.Empty)
                .Append(value.IsNull ? "NULL" : Encoding.UTF8.GetString(TextFormat.ToBytes(value, type)));
        }

        var shown = text.Length > ShownBytesMax ? text.ToString(0, ShownBytesMax) : text.ToString();
        return Errors.DuplicateEntry(shown, $"{table.Name}.{index.Name}");
    }

    public Datum[] Decode(byte[] key, byte[] value)
    {
        using var chunk = Chunk.Of([.. table.Columns.Select(column => column.Type), .. table.HandleKind == HandleKind.RowId ? [TableCodec.RowIdType] : Array.Empty<Cloud.Execution.Types.FieldType>()]);
        Codec.Decode(key, value, _allColumns, chunk);
        var row = new Datum[_allColumns.Length];
        for (var i = 0; i < row.Length; i++)
        {
            row[i] = Datum.FromVector(chunk[i], 0);
        }

        return row;
    }

    public void Dispose() => Codec.Dispose();

    private bool ChangesUnique(Datum[] before, Datum[] after, byte[] oldHandle, byte[] newHandle)
    {
        if (!oldHandle.AsSpan().SequenceEqual(newHandle))
        {
            return true;
        }

        foreach (var index in table.Indexes)
        {
            if (index.Unique && !index.Primary
                && !Codec.IndexKey(index, before, oldHandle, out _).AsSpan().SequenceEqual(Codec.IndexKey(index, after, newHandle, out _)))
            {
                return true;
            }
        }

        return false;
    }

    private async ValueTask<byte[]> LockRowAsync(byte[] handle, CancellationToken cancellationToken)
    {
        var found = await transaction.LockAsync([Codec.RowKey(handle)], lockWait, cancellationToken);
        return found.Count == 1
            ? found[0].Value
            : throw new KvException(KvErrorCode.WriteConflict, "an index entry was read whose row is gone by now");
    }

    private void Note(byte[] key, IndexDefinition? index, Datum[] row)
    {
        if (!_inserted.TryAdd(new ByteKey(key), (index, row)) && index is not null)
        {
            throw Duplicate(index, row);
        }
    }
}

/// <summary>A key by its bytes.</summary>
internal readonly struct ByteKey(byte[] bytes) : IEquatable<ByteKey>
{
    private readonly byte[] _bytes = bytes;

    public bool Equals(ByteKey other) => _bytes.AsSpan().SequenceEqual(other._bytes);

    public override bool Equals(object? obj) => obj is ByteKey other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(_bytes);
        return hash.ToHashCode();
    }
}
