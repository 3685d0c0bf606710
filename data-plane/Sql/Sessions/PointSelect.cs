using Cloud.Codec.Tables;
using Cloud.Execution.Chunks;
using Cloud.Execution.Types;
using Cloud.KvClient;
using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;
using Cloud.Sql.Planning;
using Cloud.Sql.Storage;

namespace Cloud.Sql.Sessions;

/// <summary>
/// <c>SELECT columns FROM table WHERE key = value</c> over an integer primary key, made once and run many times: one key is read, and its
/// row decoded into a chunk that is kept. Valid for the catalog, database and time zone that it was made for. Not thread-safe.
/// </summary>
internal sealed class PointSelect
{
    private readonly SchemaCatalog _catalog;
    private readonly string? _database;
    private readonly TimeZoneInfo _zone;
    private readonly TableDefinition _table;
    private readonly TableCodec _codec;
    private readonly int[] _ordinals;
    private readonly ResultColumn[] _output;
    private readonly FieldType _keyType;
    private readonly Chunk _chunk;

    private PointSelect(
        SchemaCatalog catalog, string? database, TimeZoneInfo zone, TableDefinition table, int[] ordinals, ResultColumn[] output)
    {
        (_catalog, _database, _zone, _table, _ordinals, _output) = (catalog, database, zone, table, ordinals, output);
        _codec = new TableCodec(table, zone);
        _keyType = table.Columns[table.HandleColumn].Type;
        _chunk = Chunk.Of([.. output.Select(column => column.Type)]);
    }

    /// <summary>The value that the key is compared with: a literal or a parameter.</summary>
    public required Expression Key { get; init; }

    /// <summary>Null when the query is of another shape; whatever is wrong with it is then found by the planner.</summary>
    public static PointSelect? TryMake(SelectQuery query, SchemaCatalog catalog, string? database, EvaluationContext context)
    {
        if (query is not
            {
                Distinct: false, From: NamedTable { Alias: null } from, GroupBy.Count: 0, Having: null, Limit: null, OrderBy.Count: 0,
                Lock: RowLockKind.None, CalculateFoundRows: false,
                Where: BinaryExpression { Operator: BinaryOperator.Equal, Left: ColumnReference { Table: null } column, Right: Literal { Kind: LiteralKind.Integer } or Parameter } where,
            }
            || (from.Name.Schema ?? database) is not { } schema || catalog.FindDatabase(schema) is not { } owner
            || catalog.FindTable(owner, from.Name.Name) is not { } table
            || table.HandleColumn < 0 || table.FindColumn(column.Name) != table.HandleColumn)
        {
            return null;
        }

        var ordinals = new int[query.Items.Count];
        var output = new ResultColumn[ordinals.Length];
        for (var i = 0; i < ordinals.Length; i++)
        {
            if (query.Items[i] is not { Expression: ColumnReference { Table: null } item } selected || table.FindColumn(item.Name) < 0)
            {
                return null;
            }

            ordinals[i] = table.FindColumn(item.Name);
            var definition = table.Columns[ordinals[i]];
            output[i] = new ResultColumn(selected.Alias ?? item.Name, definition.Type)
            {
                Schema = schema, Table = table.Name, OriginalTable = table.Name, OriginalName = definition.Name,
            };
        }

        return new PointSelect(catalog, database, context.TimeZone, table, ordinals, output) { Key = where.Right };
    }

    public bool IsValid(SchemaCatalog catalog, string? database, EvaluationContext context) =>
        ReferenceEquals(catalog, _catalog) && string.Equals(database, _database, StringComparison.Ordinal) && ReferenceEquals(context.TimeZone, _zone);

    /// <summary>The key to read; null when no row can have the value.</summary>
    /// <returns>False when the value needs the planner, for example text that is no number.</returns>
    public bool TryKey(in Datum value, EvaluationContext context, out byte[]? key)
    {
        key = null;
        if (value.IsNull)
        {
            return true;
        }

        if (KeyValues.TryConvert(value, Literals.TypeOf(value), _keyType, context) is not { } converted)
        {
            return false;
        }

        key = converted.Exact ? TableKeys.Row(_table.Id, TableCodec.IntegerHandle(converted.Value)) : null;
        return true;
    }

    public async ValueTask RunAsync(
        byte[]? key, IKvSnapshot snapshot, SqlSession session, IResultSink sink, bool moreResults, CancellationToken cancellationToken)
    {
        var value = key is null ? null : await snapshot.GetAsync(key, cancellationToken);
        await sink.ColumnsAsync(_output, cancellationToken);
        if (value is not null)
        {
            _chunk.Reset();
            _codec.Decode(key, value, _ordinals, _chunk);
            await sink.RowsAsync(_chunk, cancellationToken);
        }

        session.Context.FoundRows = value is null ? 0UL : 1;
        session.Context.RowCount = -1;
        var status = session.Status | (moreResults ? SessionStatus.MoreResults : SessionStatus.None);
        await sink.EndAsync(session.Context.WarningCount, status, cancellationToken);
    }
}

/// <summary>
/// Point selects by the text before their number, so that a text seen before with another number is not even parsed. The text is the
/// same up to the last character before the digits, which ends no word: what follows can only be the same literal with another value.
/// </summary>
internal sealed class PointSelectCache
{
    private const int EntriesMax = 256;
    private const int TextBytesMax = 1024;
    private const int DigitsMax = 18;

    private readonly Dictionary<ulong, (byte[] Prefix, PointSelect Select)> _entries = [];

    public bool TryFind(ReadOnlySpan<byte> text, out PointSelect? select, out long number)
    {
        select = null;
        if (!TrySplit(text, out var prefix, out number) || !_entries.TryGetValue(HashOf(prefix), out var entry) || !prefix.SequenceEqual(entry.Prefix))
        {
            return false;
        }

        select = entry.Select;
        return true;
    }

    /// <summary>Keeps a select whose literal is the number at the end of the text.</summary>
    public void Add(ReadOnlySpan<byte> text, PointSelect select)
    {
        if (!TrySplit(text, out var prefix, out _) || select.Key is not Literal literal || literal.Start != prefix.Length)
        {
            return;
        }

        if (_entries.Count >= EntriesMax)
        {
            _entries.Clear();
        }

        _entries[HashOf(prefix)] = (prefix.ToArray(), select);
    }

    public void Clear() => _entries.Clear();

    private static bool TrySplit(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> prefix, out long number)
    {
        var trimmed = text.TrimEnd("; \n"u8);
        var start = trimmed.Length;
        while (start > 0 && trimmed[start - 1] is >= (byte)'0' and <= (byte)'9')
        {
            start--;
        }

        prefix = trimmed[..start];
        number = 0;
        return start > 0 && trimmed.Length - start is > 0 and <= DigitsMax && text.Length <= TextBytesMax && trimmed[start - 1] is (byte)'=' or (byte)' '
            && System.Buffers.Text.Utf8Parser.TryParse(trimmed[start..], out number, out _);
    }

    private static ulong HashOf(ReadOnlySpan<byte> prefix)
    {
        // FNV-1a over words; entries are compared whole, so that a collision only costs a parse.
        var hash = 14695981039346656037UL;
        foreach (var octet in prefix)
        {
            hash = (hash ^ octet) * 1099511628211;
        }

        return hash;
    }
}
