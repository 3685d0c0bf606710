using Cloud.Codec;
using Cloud.Codec.Tables;
using Cloud.Execution.Chunks;
using Cloud.Execution.Types;
using Cloud.Sql.Catalog;

namespace Cloud.Sql.Storage;

/// <summary>
/// Rows of one table as keys and values. A row in memory is a <see cref="Datum"/> per column of the definition, in its order; tables
/// without a primary key have the hidden row id behind them. Not thread-safe: it keeps buffers.
/// </summary>
internal sealed class TableCodec(TableDefinition table, TimeZoneInfo zone) : IDisposable
{
    private readonly RowWriter _writer = new();
    private readonly ByteBuffer _key = new();

    public TableDefinition Table => table;

    /// <summary>Values of a row: its columns, and the row id where there is one.</summary>
    public int Width => table.Columns.Count + (table.HandleKind == HandleKind.RowId ? 1 : 0);

    public static readonly FieldType RowIdType = FieldType.BigInt;

    /// <summary>The handle bytes of a row.</summary>
    public byte[] HandleOf(ReadOnlySpan<Datum> row)
    {
        switch (table.HandleKind)
        {
            case HandleKind.RowId:
                return IntegerHandle(row[table.Columns.Count].Int64);
            case HandleKind.Integer:
                return IntegerHandle(row[table.HandleColumn]);
            default:
                _key.Clear();
                WriteParts(table.PrimaryKey!, row); // A clustered handle is made of a key.
                return _key.ToArray();
        }
    }

    public static byte[] IntegerHandle(in Datum value) =>
        IntegerHandle(value.Kind == VectorKind.UInt64 ? (long)value.UInt64 : value.Int64);

    public static byte[] IntegerHandle(long handle)
    {
        var bytes = new byte[8];
        TableKeys.WriteInt64(bytes, handle);
        return bytes;
    }

    public byte[] RowKey(ReadOnlySpan<byte> handle) => TableKeys.Row(table.Id, handle);

    /// <summary>The stored value of a row; an integer handle's column is not repeated.</summary>
    public byte[] RowValue(ReadOnlySpan<Datum> row)
    {
        _writer.Begin();
        var handleColumn = table.HandleColumn;
        for (var i = 0; i < table.Columns.Count; i++)
        {
            if (i != handleColumn)
            {
                ColumnEncoding.AddToRow(_writer, table.Columns[i].Id, table.Columns[i].Type, row[i], zone);
            }
        }

        return _writer.ToArray();
    }

    /// <summary>Appends the columns asked for of a stored row to a chunk, in that order; <c>Columns.Count</c> stands for the row id.</summary>
    public void Decode(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ReadOnlySpan<int> columns, Chunk target)
    {
        var reader = new RowReader(value);
        var handleColumn = table.HandleColumn;
        for (var i = 0; i < columns.Length; i++)
        {
            var vector = target[i];
            var column = columns[i];
            if (column == table.Columns.Count || column == handleColumn)
            {
                AppendHandle(TableKeys.ReadInt64(TableKeys.HandleOf(key)), vector);
                continue;
            }

            var definition = table.Columns[column];
            switch (reader.Find(definition.Id, out var bytes))
            {
                case RowColumn.Present:
                    ColumnEncoding.AppendFromRow(bytes, definition.Type, vector, zone);
                    break;
                case RowColumn.Null:
                    vector.AppendNull();
                    break;
                default:
                    definition.OriginalDefault.AppendTo(vector);
                    break;
            }
        }

        if (columns.IsEmpty)
        {
            target.SetRowsWithoutColumns(target.PhysicalRows + 1);
        }
    }

    /// <summary>The key of a row's entry in an index, and whether the handle is part of it.</summary>
    public byte[] IndexKey(IndexDefinition index, ReadOnlySpan<Datum> row, ReadOnlySpan<byte> handle, out bool handleInKey)
    {
        _key.Clear();
        _key.Write(TableKeys.IndexPrefix(table.Id, index.Id));
        WriteParts(index, row);
        handleInKey = !index.Unique || HasNull(index, row);
        if (handleInKey)
        {
            WriteHandle(handle);
        }

        return _key.ToArray();
    }

    /// <summary>The key under which a unique index keeps these values; null when one of them is NULL, which is never unique.</summary>
    public byte[]? UniqueKey(IndexDefinition index, ReadOnlySpan<Datum> row) => HasNull(index, row)
        ? null
        : IndexKey(index, row, [], out _);

    public ReadOnlyMemory<byte> IndexEntryValue(ReadOnlySpan<byte> handle, bool handleInKey) =>
        handleInKey ? IndexValue.HandleInKey : IndexValue.OfUnique(handle, table.HandleKind != HandleKind.Clustered);

    /// <summary>Length of a decimal in a key, for walking over datums.</summary>
    public static int DecimalBytes(int precision, int scale) => MySqlDecimal.BinarySize(precision, scale);

    /// <summary>The handle of an index entry.</summary>
    public byte[] HandleOfEntry(IndexDefinition index, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var fromValue = IndexValue.HandleOf(value);
        if (!fromValue.IsEmpty)
        {
            return fromValue.ToArray();
        }

        var rest = key[TableKeys.IndexPrefixBytes..];
        for (var i = 0; i < index.Parts.Count; i++)
        {
            rest = rest[DatumLength(rest)..];
        }

        return table.HandleKind == HandleKind.Clustered ? rest.ToArray() : rest[1..].ToArray();
    }

    public static int DatumLength(ReadOnlySpan<byte> rest)
    {
        var length = KeyDatum.LengthOf(rest, DecimalBytes);
        return length > 0 ? length : throw new CodecException("an index entry's key is malformed");
    }

    public void AppendHandle(long handle, ColumnVector vector)
    {
        if (vector.Kind == VectorKind.UInt64)
        {
            vector.Append((ulong)handle);
        }
        else
        {
            vector.Append(handle);
        }
    }

    public void Dispose()
    {
        _writer.Dispose();
        _key.Dispose();
    }

    private static bool HasNull(IndexDefinition index, ReadOnlySpan<Datum> row)
    {
        foreach (var part in index.Parts)
        {
            if (row[part.Column].IsNull)
            {
                return true;
            }
        }

        return false;
    }

    private void WriteParts(IndexDefinition index, ReadOnlySpan<Datum> row)
    {
        foreach (var part in index.Parts)
        {
            var type = table.Columns[part.Column].Type;
            ColumnEncoding.WriteKey(_key, type, ColumnEncoding.Prefix(row[part.Column], type, part.PrefixLength), zone);
        }
    }

    private void WriteHandle(ReadOnlySpan<byte> handle)
    {
        if (table.HandleKind != HandleKind.Clustered)
        {
            _key.WriteByte((byte)KeyDatumFlag.Int);
        }

        _key.Write(handle);
    }
}
