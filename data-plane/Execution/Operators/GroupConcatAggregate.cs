using Cloud.Codec;
using Cloud.Execution.Chunks;
using Cloud.Execution.Expressions;
using Cloud.Execution.Types;

namespace Cloud.Execution.Operators;

/// <summary>GROUP_CONCAT: the text of a group's rows in an order, cut at group_concat_max_len with warning 1260.</summary>
public sealed class GroupConcatAggregate(
    FieldType type, VectorExpression argument, bool distinct, IReadOnlyList<SortKey> order, byte[] separator) : Aggregate(type)
{
    private readonly List<List<(byte[] Text, Datum[] Keys)>?> _groups = [];
    private readonly List<KeyTable?> _seen = [];

    public override void Add(Chunk chunk, ReadOnlySpan<int> groups, int groupCount, EvaluationContext context)
    {
        while (_groups.Count < groupCount)
        {
            _groups.Add(null);
            _seen.Add(null);
        }

        var values = argument.Evaluate(chunk, context);
        var keys = order.Select(key => key.Expression.Evaluate(chunk, context)).ToArray();
        for (var row = 0; row < groups.Length; row++)
        {
            var group = groups[row];
            if (values.IsNull(row) || (distinct && !IsNew(group, values, row, context)))
            {
                continue;
            }

            var text = values.Bytes(row).ToArray();
            context.Hold(text.Length + 64);
            var at = row;
            (_groups[group] ??= []).Add((text, [.. keys.Select(key => Datum.FromVector(key, at))]));
        }
    }

    public override void AppendResult(int group, ColumnVector target, EvaluationContext context)
    {
        if (group >= _groups.Count || _groups[group] is not { } rows)
        {
            target.AppendNull();
            return;
        }

        IEnumerable<(byte[] Text, Datum[] Keys)> sorted = order.Count == 0 ? rows : rows.Order(Comparer<(byte[] Text, Datum[] Keys)>.Create(Compare));
        using var buffer = new ByteBuffer();
        var first = true;
        foreach (var (text, _) in sorted)
        {
            if (!first)
            {
                buffer.Write(separator);
            }

            first = false;
            buffer.Write(text);
            if (buffer.Length > context.GroupConcatBytesMax)
            {
                context.Warn(WarningLevel.Warning, 1260, "Row 1 was cut by GROUP_CONCAT()");
                break;
            }
        }

        var written = buffer.Written;
        if (written.Length > context.GroupConcatBytesMax)
        {
            var at = context.GroupConcatBytesMax;
            while (at > 0 && (written[at] & 0xC0) == 0x80)
            {
                at--;
            }

            written = written[..at];
        }

        target.Append(written);
    }

    public override void Dispose()
    {
        foreach (var seen in _seen)
        {
            seen?.Dispose();
        }
    }

    private bool IsNew(int group, ColumnVector values, int row, EvaluationContext context)
    {
        var seen = _seen[group] ??= new KeyTable(KeyTable.CollationsOf([argument.Type]), context);
        seen.Add([values], row, out var isNew);
        return isNew;
    }

    private int Compare((byte[] Text, Datum[] Keys) left, (byte[] Text, Datum[] Keys) right)
    {
        for (var i = 0; i < order.Count; i++)
        {
            var type = order[i].Expression.Type;
            using var pair = new ColumnVector(type.Kind);
            left.Keys[i].AppendTo(pair);
            right.Keys[i].AppendTo(pair);
            var result = ColumnOrder.Compare(pair, 0, pair, 1, type.IsString ? type.Collation : Collation.Get(Collation.BinaryId));
            if (result != 0)
            {
                return order[i].Descending ? -result : result;
            }
        }

        return 0;
    }
}
