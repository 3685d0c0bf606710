using System.Runtime.CompilerServices;
using Cloud.Codec;
using Cloud.Execution.Chunks;
using Cloud.Execution.Types;

namespace Cloud.Execution.Expressions;

/// <summary>What a row kernel works with: the argument columns, the result column, and scratch space. Reused from row to row.</summary>
public sealed class FunctionFrame(int arguments, VectorKind result)
{
    internal ColumnVector[] Inputs { get; } = new ColumnVector[arguments];

    public ColumnVector Result { get; } = new(result);

    public EvaluationContext Context { get; internal set; } = null!; // Set before the first row of each evaluation.

    /// <summary>Scratch, empty at the start of each row.</summary>
    public ByteBuffer Buffer { get; } = new(64);

    /// <summary>Anything a kernel wants to keep between rows, such as a compiled pattern.</summary>
    public object? State { get; set; }

    public int ArgumentCount => Inputs.Length;

    public bool IsNull(int argument, int row) => Inputs[argument].IsNull(row);

    public long Int64(int argument, int row) => Inputs[argument].Int64s[row];

    public double Double(int argument, int row) => Inputs[argument].Float64s[row];

    public MySqlDecimal Decimal(int argument, int row) => Inputs[argument].Decimals[row];

    public ReadOnlySpan<byte> Bytes(int argument, int row) => Inputs[argument].Bytes(row);

    public PackedTime Time(int argument, int row) => Inputs[argument].Times[row];

    public MySqlDuration Duration(int argument, int row) => Inputs[argument].Durations[row];

    /// <summary>Appends text, or NULL with warning 1301 when it is over the limit of packets.</summary>
    public void ReturnBytes(ReadOnlySpan<byte> value, int bytesMax)
    {
        if (value.Length > bytesMax)
        {
            Context.Warn(WarningLevel.Warning, 1301, $"Result of the function was larger than max_allowed_packet ({bytesMax}) - truncated");
            Result.AppendNull();
            return;
        }

        Result.Append(value);
    }
}

/// <summary>Computes one row and appends exactly one value to the frame's result.</summary>
public delegate void RowKernel(FunctionFrame frame, int row);

/// <summary>A function computed by a kernel per row over argument columns that already have the kinds the kernel reads.</summary>
public sealed class FunctionExpression(
    string name, FieldType type, IReadOnlyList<VectorExpression> arguments, RowKernel kernel, bool nullIfAnyNull) : VectorExpression(type)
{
    private readonly FunctionFrame _frame = new(arguments.Count, type.Kind);

    public string Name { get; } = name;

    public override IReadOnlyList<VectorExpression> Operands => arguments;

    public override ColumnVector Evaluate(Chunk input, EvaluationContext context)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        _frame.Context = context;
        for (var i = 0; i < arguments.Count; i++)
        {
            _frame.Inputs[i] = arguments[i].Evaluate(input, context);
        }

        var result = _frame.Result;
        result.Reset();
        var rows = input.PhysicalRows;
        for (var row = 0; row < rows; row++)
        {
            if (nullIfAnyNull && AnyNull(row))
            {
                result.AppendNull();
            }
            else
            {
                _frame.Buffer.Clear();
                kernel(_frame, row);
            }
        }

        return result;
    }

    private bool AnyNull(int row)
    {
        foreach (var argument in _frame.Inputs)
        {
            if (argument.HasNulls && argument.IsNull(row))
            {
                return true;
            }
        }

        return false;
    }
}
