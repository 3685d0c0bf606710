using Cloud.Codec;
using Cloud.Codec.Tables;
using Cloud.Execution.Types;
using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;
using Cloud.Sql.Storage;

namespace Cloud.Sql.Planning;

/// <summary>Keys from <paramref name="Start"/> up to, not including, <paramref name="End"/>.</summary>
internal readonly record struct KeyRange(byte[] Start, byte[] End);

/// <summary>Computes the key ranges of an access path once its constants have values.</summary>
internal sealed class KeyRanges(TableDefinition table, AccessPath path, PlanRuntime runtime)
{
    private const ulong SignBit = 1UL << 63;

    private readonly TimeZoneInfo _zone = runtime.Context.TimeZone;

    /// <summary>In key order, without overlaps; a primary key's are ranges of rows.</summary>
    public List<KeyRange> Compute()
    {
        if (path.Index is not { } index)
        {
            return WholeTable();
        }

        if (index.Primary && table.HandleKind == HandleKind.Integer)
        {
            return HandleRanges(index);
        }

        var prefixes = new List<byte[]> { index.Primary ? TableKeys.RowPrefix(table.Id) : TableKeys.IndexPrefix(table.Id, index.Id) };
        for (var i = 0; i < path.Points.Count; i++)
        {
            if (!Extend(prefixes, index.Parts[i], path.Points[i], out var usable))
            {
                return [];
            }

            if (!usable)
            {
                // The constant does not order as the key does: everything under the columns before it is read.
                return Sorted(prefixes.Select(prefix => new KeyRange(prefix, TableKeys.PrefixEnd(prefix))));
            }
        }

        return Sorted(prefixes.SelectMany(prefix => path.HasRange && path.Points.Count < index.Parts.Count
            ? Bounded(prefix, index.Parts[path.Points.Count])
            : [new KeyRange(prefix, TableKeys.PrefixEnd(prefix))]));
    }

    private List<KeyRange> WholeTable()
    {
        if (table.HandleKind == HandleKind.Integer && table.Columns[table.HandleColumn].Type.IsUnsigned)
        {
            return Unsigned(0, ulong.MaxValue);
        }

        var prefix = TableKeys.RowPrefix(table.Id);
        return [new KeyRange(prefix, TableKeys.PrefixEnd(prefix))];
    }

    private static List<KeyRange> Sorted(IEnumerable<KeyRange> ranges)
    {
        var sorted = ranges.ToList();
        sorted.Sort(static (left, right) => left.Start.AsSpan().SequenceCompareTo(right.Start));
        for (var i = sorted.Count - 1; i > 0; i--)
        {
            if (sorted[i].Start.AsSpan().SequenceEqual(sorted[i - 1].Start))
            {
                sorted.RemoveAt(i);
            }
        }

        return sorted;
    }

    /// <summary>Adds a column's values to each prefix. False when no value can be equal to what the column holds.</summary>
    private bool Extend(List<byte[]> prefixes, IndexPart part, IReadOnlyList<Expression> values, out bool usable)
    {
        var type = table.Columns[part.Column].Type;
        var suffixes = new List<byte[]>();
        usable = true;
        if (values.Count == 0)
        {
            suffixes.Add([(byte)KeyDatumFlag.Null]);
        }

        foreach (var value in values)
        {
            var (datum, expression) = runtime.Constant(value);
            if (datum.IsNull)
            {
                continue;
            }

            if (KeyValues.TryConvert(datum, expression.Type, type, runtime.Context) is not { } converted)
            {
                usable = false;
                return true;
            }

            if (converted.Exact || type.Kind == VectorKind.Duration)
            {
                suffixes.Add(Encode(converted.Value, type, part.PrefixLength));
            }
        }

        var extended = prefixes.SelectMany(prefix => suffixes.Select(suffix => (byte[])[.. prefix, .. suffix])).ToList();
        prefixes.Clear();
        prefixes.AddRange(extended);
        return prefixes.Count > 0;
    }

    private IEnumerable<KeyRange> Bounded(byte[] prefix, IndexPart part)
    {
        var type = table.Columns[part.Column].Type;

        // NULL sorts first and is in no range.
        byte[] start = [.. prefix, (byte)KeyDatumFlag.Bytes];
        var end = TableKeys.PrefixEnd(prefix);
        if (path.LikePattern is Literal literal)
        {
            return LikeRange(prefix, literal.Bytes, type, part.PrefixLength);
        }

        if (path.Low is { } low && BoundOf(low, type) is { } from)
        {
            byte[] key = [.. prefix, .. Encode(from.Value, type, part.PrefixLength)];
            start = low.Inclusive || !from.Exact || part.PrefixLength is not null ? key : TableKeys.PrefixEnd(key);
        }

        if (path.High is { } high && BoundOf(high, type) is { } to)
        {
            byte[] key = [.. prefix, .. Encode(to.Value, type, part.PrefixLength)];
            end = high.Inclusive || !to.Exact || part.PrefixLength is not null ? TableKeys.PrefixEnd(key) : key;
        }

        return IsEmptyBound(path.Low) || IsEmptyBound(path.High) || start.AsSpan().SequenceCompareTo(end) >= 0 ? [] : [new KeyRange(start, end)];
    }

    private bool IsEmptyBound(RangeBound? bound) => bound is not null && runtime.Constant(bound.Value).Value.IsNull;

    private KeyValue? BoundOf(RangeBound bound, FieldType type)
    {
        var (datum, expression) = runtime.Constant(bound.Value);
        return datum.IsNull ? null : KeyValues.TryConvert(datum, expression.Type, type, runtime.Context);
    }

    /// <summary>Text that begins as the pattern does has a sort key that begins as the pattern's.</summary>
    private static IEnumerable<KeyRange> LikeRange(byte[] prefix, byte[] pattern, FieldType type, int? prefixLength)
    {
        var begin = LikePattern.Prefix(pattern, '\\', out _);
        if (prefixLength is { } limit)
        {
            begin = begin[..(type.IsText ? Utf8Text.PrefixBytes(begin, limit) : Math.Min(limit, begin.Length))];
        }

        using var sortKey = new ByteBuffer();
        if (type.IsText)
        {
            type.Collation.AppendSortKey(begin, sortKey);
        }
        else
        {
            sortKey.Write(begin);
        }

        using var start = new ByteBuffer();
        start.Write(prefix);
        KeyDatum.WriteBytes(start, sortKey.Written);
        var after = TableKeys.PrefixEnd(sortKey.Written);
        if (after.Length == 0 || sortKey.Length == 0)
        {
            byte[] all = [.. prefix, (byte)KeyDatumFlag.Bytes];
            return [new KeyRange(all, TableKeys.PrefixEnd(prefix))];
        }

        using var end = new ByteBuffer();
        end.Write(prefix);
        KeyDatum.WriteBytes(end, after);
        return [new KeyRange(start.ToArray(), end.ToArray())];
    }

    private byte[] Encode(in Datum value, FieldType type, int? prefixLength)
    {
        using var buffer = new ByteBuffer(32);
        ColumnEncoding.WriteKey(buffer, type, ColumnEncoding.Prefix(value, type, prefixLength), _zone);
        return buffer.ToArray();
    }

    private List<KeyRange> HandleRanges(IndexDefinition index)
    {
        var type = table.Columns[index.Parts[0].Column].Type;
        if (path.Points.Count > 0)
        {
            var ranges = new List<KeyRange>();
            foreach (var value in path.Points[0])
            {
                var (datum, expression) = runtime.Constant(value);
                if (datum.IsNull)
                {
                    continue;
                }

                if (KeyValues.TryConvert(datum, expression.Type, type, runtime.Context) is not { } converted)
                {
                    return WholeTable();
                }

                if (converted.Exact)
                {
                    var key = TableKeys.Row(table.Id, TableCodec.IntegerHandle(converted.Value));
                    ranges.Add(new KeyRange(key, TableKeys.PrefixEnd(key)));
                }
            }

            return Sorted(ranges);
        }

        return IsEmptyBound(path.Low) || IsEmptyBound(path.High) ? [] : type.IsUnsigned ? UnsignedRange(type) : SignedRange(type);
    }

    private List<KeyRange> SignedRange(FieldType type)
    {
        Int128 low = long.MinValue;
        Int128 high = long.MaxValue;
        if (path.Low is { } lower && BoundOf(lower, type) is { } from)
        {
            low = from.Value.Int64 + (lower.Inclusive || !from.Exact ? (Int128)0 : 1);
        }

        if (path.High is { } upper && BoundOf(upper, type) is { } to)
        {
            high = to.Value.Int64 - (upper.Inclusive || !to.Exact ? (Int128)0 : 1);
        }

        return low > high ? [] : [HandleRange((long)low, (long)high)];
    }

    private List<KeyRange> UnsignedRange(FieldType type)
    {
        Int128 low = 0;
        Int128 high = ulong.MaxValue;
        if (path.Low is { } lower && BoundOf(lower, type) is { } from)
        {
            low = from.Value.UInt64 + (lower.Inclusive || !from.Exact ? (Int128)0 : 1);
        }

        if (path.High is { } upper && BoundOf(upper, type) is { } to)
        {
            high = to.Value.UInt64 - (upper.Inclusive || !to.Exact ? (Int128)0 : 1);
        }

        return low > high ? [] : Unsigned((ulong)low, (ulong)high);
    }

    /// <summary>Unsigned handles are stored as signed ones: those from 2^63 on come first in storage, and are read last.</summary>
    private List<KeyRange> Unsigned(ulong low, ulong high)
    {
        var ranges = new List<KeyRange>();
        if (low < SignBit)
        {
            ranges.Add(HandleRange((long)low, (long)Math.Min(high, SignBit - 1)));
        }

        if (high >= SignBit)
        {
            ranges.Add(HandleRange((long)Math.Max(low, SignBit), (long)high));
        }

        return ranges;
    }

    private KeyRange HandleRange(long low, long high) =>
        new(TableKeys.Row(table.Id, low), TableKeys.PrefixEnd(TableKeys.Row(table.Id, high)));
}
