using Cloud.Execution.Expressions.Functions;
using Cloud.Execution.Operators;
using Cloud.Execution.Types;
using Cloud.Sql.Ast;

namespace Cloud.Sql.Planning;

/// <summary>Makes aggregates. Source: MySQL 8.0 Reference Manual §12.20 "Aggregate Functions".</summary>
internal static class AggregateFactory
{
    public static Aggregate Make(AggregateCall call, ExpressionCompiler compiler)
    {
        var arguments = call.Arguments.Select(compiler.Compile).ToList();
        switch (call.Name)
        {
            case "COUNT":
                return new CountAggregate(arguments, call.Distinct);
            case "SUM" or "AVG":
                return Sum(arguments[0], call.Distinct, average: call.Name == "AVG");
            case "MIN":
                return new ExtremeAggregate(arguments[0], -1);
            case "MAX":
                return new ExtremeAggregate(arguments[0], 1);
            case "ANY_VALUE":
                return new ExtremeAggregate(arguments[0], 0);
            case "BIT_AND" or "BIT_OR" or "BIT_XOR":
                var kind = call.Name switch { "BIT_AND" => BitAggregateKind.And, "BIT_OR" => BitAggregateKind.Or, _ => BitAggregateKind.Xor };
                return new BitAggregate(TypedExpressions.Cast(arguments[0], FieldType.UnsignedBigInt), kind);
            case "GROUP_CONCAT":
                return Concatenation(call, arguments, compiler);
            default:
                var sample = call.Name.EndsWith("SAMP", StringComparison.Ordinal);
                var root = call.Name.StartsWith("STD", StringComparison.Ordinal);
                return new VarianceAggregate(TypedExpressions.AsDouble(arguments[0]), call.Distinct, sample, root);
        }
    }

    /// <summary>The type of an aggregate without making it for good.</summary>
    public static FieldType TypeOf(AggregateCall call, PlanningContext context)
    {
        var columns = ExpressionTree.Nodes(call).OfType<BoundColumn>().DistinctBy(column => column.Id).ToList();
        using var aggregate = Make(call, context.Compiler(columns));
        return aggregate.Type;
    }

    private static Aggregate Sum(VectorExpression argument, bool distinct, bool average)
    {
        var number = TypeRules.Numeric(argument.Type);
        if (number.Kind is VectorKind.Float64 or VectorKind.Float32)
        {
            return new RealSumAggregate(TypedExpressions.AsDouble(argument), distinct, average);
        }

        const int SumExtraDigits = 22;
        var precision = TypeRules.PrecisionOf(number);
        var scale = TypeRules.ScaleOf(number);
        var type = average
            ? TypeRules.DecimalOf(precision + MySqlDecimal.DivisionPrecisionIncrement, scale + MySqlDecimal.DivisionPrecisionIncrement)
            : TypeRules.DecimalOf(precision + SumExtraDigits, scale);
        return new DecimalSumAggregate(type, TypedExpressions.AsDecimal(TypedExpressions.Cast(argument, number)), distinct, average);
    }

    private static GroupConcatAggregate Concatenation(AggregateCall call, List<VectorExpression> arguments, ExpressionCompiler compiler)
    {
        var texts = arguments.Select(TypedExpressions.AsText).ToList();
        var text = texts.Count == 1 ? texts[0] : FunctionLibrary.Find("CONCAT")!.Make(texts); // Always there.
        var order = call.OrderBy.Select(item => new SortKey(
            item.Expression is Literal { Kind: LiteralKind.Integer } position && int.TryParse(position.Text, out var at) && at >= 1 && at <= arguments.Count
                ? arguments[at - 1]
                : compiler.Compile(item.Expression),
            item.Descending)).ToList();
        var type = text.Type.IsText ? FieldType.VarChar(1024, text.Type.CollationId) : FieldType.VarBinary(1024);
        return new GroupConcatAggregate(type with { Type = MySqlType.Blob }, text, call.Distinct, order, call.Separator ?? ","u8.ToArray());
    }
}
