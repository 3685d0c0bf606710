using Cloud.Codec;
using Cloud.Execution.Chunks;
using Cloud.Execution.Expressions;
using Cloud.Execution.Types;

namespace Cloud.Execution.Operators;

/// <summary>One aggregate over the groups of a query. Groups are numbered from 0. Not thread-safe.</summary>
public abstract class Aggregate(FieldType type) : IDisposable
{
    public FieldType Type => type;

    /// <summary>Adds the rows of a chunk, each to its group.</summary>
    /// <param name="groups">The group of each physical row.</param>
    /// <param name="groupCount">One more than the greatest group so far.</param>
    public abstract void Add(Chunk chunk, ReadOnlySpan<int> groups, int groupCount, EvaluationContext context);

    /// <summary>Appends the value of a group; a group may have had no rows.</summary>
    public abstract void AppendResult(int group, ColumnVector target, EvaluationContext context);

    public virtual void Dispose()
    {
    }
}

/// <summary>An aggregate of one argument whose NULLs do not count, with a state per group and an optional DISTINCT.</summary>
public abstract class ValueAggregate<TState>(FieldType type, VectorExpression argument, bool distinct) : Aggregate(type)
    where TState : struct
{
    private KeyTable? _seen;
    private TState[] _states = [];
    private readonly ColumnVector _group = new(VectorKind.Int64);

    protected VectorExpression Argument => argument;

    public sealed override void Add(Chunk chunk, ReadOnlySpan<int> groups, int groupCount, EvaluationContext context)
    {
        EnsureGroups(groupCount);
        var values = argument.Evaluate(chunk, context);
        for (var row = 0; row < groups.Length; row++)
        {
            if (!values.IsNull(row) && (!distinct || IsNew(values, row, groups[row], context)))
            {
                Update(ref _states[groups[row]], values, row, context);
            }
        }
    }

    public sealed override void AppendResult(int group, ColumnVector target, EvaluationContext context)
    {
        EnsureGroups(group + 1);
        Append(in _states[group], target, context);
    }

    public override void Dispose()
    {
        _seen?.Dispose();
        _group.Dispose();
    }

    protected abstract void Update(ref TState state, ColumnVector values, int row, EvaluationContext context);

    protected abstract void Append(in TState state, ColumnVector target, EvaluationContext context);

    protected virtual void Initialize(ref TState state)
    {
    }

    private void EnsureGroups(int count)
    {
        if (_states.Length >= count)
        {
            return;
        }

        var before = _states.Length;
        Array.Resize(ref _states, Math.Max(count, Math.Max(4, before * 2)));
        for (var i = before; i < _states.Length; i++)
        {
            Initialize(ref _states[i]);
        }
    }

    private bool IsNew(ColumnVector values, int row, int group, EvaluationContext context)
    {
        var binary = Collation.Get(Collation.BinaryId);
        _seen ??= new KeyTable([binary, argument.Type.IsString ? argument.Type.Collation : binary], context);
        _group.Reset();
        while (_group.Count <= row)
        {
            _group.Append((long)group);
        }

        _seen.Add([_group, values], row, out var isNew);
        return isNew;
    }
}

/// <summary>COUNT(*) and COUNT of several expressions, distinct or not.</summary>
public sealed class CountAggregate(IReadOnlyList<VectorExpression> arguments, bool distinct) : Aggregate(FieldType.BigInt with { Flags = FieldFlags.Binary | FieldFlags.NotNull })
{
    private readonly ColumnVector _groups = new(VectorKind.Int64);
    private long[] _counts = [];
    private KeyTable? _seen;

    public override void Add(Chunk chunk, ReadOnlySpan<int> groups, int groupCount, EvaluationContext context)
    {
        if (_counts.Length < groupCount)
        {
            Array.Resize(ref _counts, Math.Max(groupCount, _counts.Length * 2));
        }

        var columns = new ColumnVector[arguments.Count + 1];
        columns[0] = _groups;
        _groups.Reset();
        foreach (var group in groups)
        {
            _groups.Append((long)group);
        }

        for (var i = 0; i < arguments.Count; i++)
        {
            columns[i + 1] = arguments[i].Evaluate(chunk, context);
        }

        for (var row = 0; row < groups.Length; row++)
        {
            if (!KeyTable.HasNull(columns, row) && (!distinct || IsNew(columns, row, context)))
            {
                _counts[groups[row]]++;
            }
        }
    }

    public override void AppendResult(int group, ColumnVector target, EvaluationContext context) =>
        target.Append(group < _counts.Length ? _counts[group] : 0L);

    public override void Dispose() => _seen?.Dispose();

    private bool IsNew(ColumnVector[] columns, int row, EvaluationContext context)
    {
        _seen ??= new KeyTable(KeyTable.CollationsOf([FieldType.BigInt, .. arguments.Select(argument => argument.Type)]), context);
        _seen.Add(columns, row, out var isNew);
        return isNew;
    }
}

public struct DecimalSum
{
    public MySqlDecimal Sum { get; set; }

    public long Count { get; set; }
}

/// <summary>SUM and AVG of exact numbers, exactly.</summary>
public sealed class DecimalSumAggregate(FieldType type, VectorExpression argument, bool distinct, bool average)
    : ValueAggregate<DecimalSum>(type, argument, distinct)
{
    protected override void Update(ref DecimalSum state, ColumnVector values, int row, EvaluationContext context)
    {
        if (!MySqlDecimal.TryAdd(state.Sum, values.Decimals[row], out var sum))
        {
            throw new SqlException(1690, "22003", "DECIMAL value is out of range in 'sum'");
        }

        state.Sum = sum;
        state.Count++;
    }

    protected override void Append(in DecimalSum state, ColumnVector target, EvaluationContext context)
    {
        if (state.Count == 0)
        {
            target.AppendNull();
            return;
        }

        var value = state.Sum;
        if (average)
        {
            MySqlDecimal.TryDivide(state.Sum, state.Count, out value);
        }

        target.Append(value.Round(Math.Max(Type.Decimals, 0)));
    }
}

public struct RealSum
{
    public double Sum { get; set; }

    public long Count { get; set; }
}

/// <summary>SUM and AVG of floating-point numbers.</summary>
public sealed class RealSumAggregate(VectorExpression argument, bool distinct, bool average)
    : ValueAggregate<RealSum>(FieldType.Double, argument, distinct)
{
    protected override void Update(ref RealSum state, ColumnVector values, int row, EvaluationContext context)
    {
        state.Sum += values.Float64s[row];
        state.Count++;
    }

    protected override void Append(in RealSum state, ColumnVector target, EvaluationContext context)
    {
        if (state.Count == 0)
        {
            target.AppendNull();
        }
        else
        {
            target.Append(average ? state.Sum / state.Count : state.Sum);
        }
    }
}

public struct Moments
{
    public long Count { get; set; }

    public double Mean { get; set; }

    public double SquaredDistance { get; set; }
}

/// <summary>Variance and standard deviation in one pass. Source: Welford, "Note on a Method for Calculating Corrected Sums of Squares".</summary>
public sealed class VarianceAggregate(VectorExpression argument, bool distinct, bool sample, bool root)
    : ValueAggregate<Moments>(FieldType.Double, argument, distinct)
{
    protected override void Update(ref Moments state, ColumnVector values, int row, EvaluationContext context)
    {
        state.Count++;
        var delta = values.Float64s[row] - state.Mean;
        state.Mean += delta / state.Count;
        state.SquaredDistance += delta * (values.Float64s[row] - state.Mean);
    }

    protected override void Append(in Moments state, ColumnVector target, EvaluationContext context)
    {
        var divisor = sample ? state.Count - 1 : state.Count;
        if (divisor <= 0)
        {
            target.AppendNull();
            return;
        }

        var variance = state.SquaredDistance / divisor;
        target.Append(root ? Math.Sqrt(variance) : variance);
    }
}

public struct Best
{
    public Datum Value { get; set; }

    public bool Any { get; set; }
}

/// <summary>MIN, MAX and ANY_VALUE.</summary>
public sealed class ExtremeAggregate(VectorExpression argument, int sign) : ValueAggregate<Best>(
    argument.Type with { Flags = argument.Type.Flags & ~(FieldFlags.NotNull | FieldFlags.PrimaryKey | FieldFlags.AutoIncrement) }, argument, distinct: false)
{
    private readonly ColumnVector _best = new(argument.Type.Kind);
    private readonly Collation _collation = argument.Type.IsString ? argument.Type.Collation : Collation.Get(Collation.BinaryId);

    protected override void Update(ref Best state, ColumnVector values, int row, EvaluationContext context)
    {
        if (state.Any)
        {
            if (sign == 0)
            {
                return;
            }

            _best.Reset();
            state.Value.AppendTo(_best);
            if (ColumnOrder.Compare(values, row, _best, 0, _collation) * sign <= 0)
            {
                return;
            }
        }

        state.Value = Datum.FromVector(values, row);
        state.Any = true;
    }

    protected override void Append(in Best state, ColumnVector target, EvaluationContext context) => state.Value.AppendTo(target);
}

public struct Bits
{
    public ulong Value { get; set; }
}

/// <summary>BIT_AND, BIT_OR and BIT_XOR; the value over no rows is the neutral one.</summary>
public sealed class BitAggregate(VectorExpression argument, BitAggregateKind kind) : ValueAggregate<Bits>(FieldType.UnsignedBigInt, argument, distinct: false)
{
    protected override void Initialize(ref Bits state) => state.Value = kind == BitAggregateKind.And ? ulong.MaxValue : 0;

    protected override void Update(ref Bits state, ColumnVector values, int row, EvaluationContext context) => state.Value = kind switch
    {
        BitAggregateKind.And => state.Value & values.UInt64s[row],
        BitAggregateKind.Or => state.Value | values.UInt64s[row],
        _ => state.Value ^ values.UInt64s[row],
    };

    protected override void Append(in Bits state, ColumnVector target, EvaluationContext context) => target.Append(state.Value);
}

public enum BitAggregateKind
{
    And,
    Or,
    Xor,
}
