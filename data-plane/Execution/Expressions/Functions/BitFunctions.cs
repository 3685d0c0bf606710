using System.Numerics;
using Cloud.Execution.Types;
using static Cloud.Execution.Expressions.TypedExpressions;

namespace Cloud.Execution.Expressions.Functions;

/// <summary>Bit operators, all on unsigned 64-bit numbers. Source: MySQL 8.0 Reference Manual §12.13.</summary>
internal static class BitFunctions
{
    public static void AddTo(FunctionSet set)
    {
        Binary(set, "BIT_AND_OP", static (a, b) => a & b);
        Binary(set, "BIT_OR_OP", static (a, b) => a | b);
        Binary(set, "BIT_XOR_OP", static (a, b) => a ^ b);
        Binary(set, "SHIFT_LEFT", static (a, b) => b > 63 ? 0 : a << (int)b);
        Binary(set, "SHIFT_RIGHT", static (a, b) => b > 63 ? 0 : a >> (int)b);
        set.Add("BIT_INVERT", 1, 1, AsBits, FunctionSet.Unsigned, static (f, row) => f.Result.Append(~f.Inputs[0].UInt64s[row]));
        set.Add("BIT_COUNT", 1, 1, AsBits, FunctionSet.Integer, static (f, row) =>
            f.Result.Append((long)BitOperations.PopCount(f.Inputs[0].UInt64s[row])));
    }

    private static VectorExpression AsBits(VectorExpression operand) => Cast(operand, FieldType.UnsignedBigInt);

    private static void Binary(FunctionSet set, string name, Func<ulong, ulong, ulong> compute) =>
        set.Add(name, 2, 2, AsBits, FunctionSet.Unsigned, (f, row) =>
            f.Result.Append(compute(f.Inputs[0].UInt64s[row], f.Inputs[1].UInt64s[row])));
}
