using Cloud.Execution.Types;
using static Cloud.Execution.Expressions.TypedExpressions;

namespace Cloud.Execution.Expressions.Functions;

/// <summary>Functions that choose among their arguments. Source: MySQL 8.0 Reference Manual §12.5.</summary>
internal static class ControlFunctions
{
    public static void AddTo(FunctionSet set)
    {
        set.Add("IF", 3, 3, static arguments =>
        {
            var (type, values) = Unify([arguments[1], arguments[2]]);
            return new ChoiceExpression([arguments[0]], [values[0]], values[1], type);
        });
        set.Add("IFNULL", 2, 2, Coalesce);
        set.Add("COALESCE", 1, FunctionSet.Many, Coalesce);
        set.Add("NULLIF", 2, 2, static arguments => new ChoiceExpression(
            [new TruthExpression(TruthTest.IsNotTrue, Compare(ComparisonOperator.Equal, arguments[0], arguments[1]))],
            [arguments[0]],
            otherwise: null,
            arguments[0].Type with { Flags = arguments[0].Type.Flags & ~FieldFlags.NotNull }));
        set.Add("ISNULL", 1, 1, static arguments => new TruthExpression(TruthTest.IsNull, arguments[0]));
        set.Add("INTERVAL", 2, FunctionSet.Many, AsDouble, FunctionSet.Integer, Interval, strict: false);
        set.Add("ANY_VALUE", 1, 1, static arguments => arguments[0]);
    }

    private static VectorExpression Coalesce(IReadOnlyList<VectorExpression> arguments)
    {
        var (type, values) = Unify(arguments);
        var conditions = values.Select(VectorExpression (value) => new TruthExpression(TruthTest.IsNotNull, value)).ToList();
        return new ChoiceExpression(conditions, values, otherwise: null, type);
    }

    private static void Interval(FunctionFrame f, int row)
    {
        if (f.IsNull(0, row))
        {
            f.Result.Append(-1L);
            return;
        }

        var position = 0;
        while (position + 1 < f.ArgumentCount && (f.IsNull(position + 1, row) || f.Double(position + 1, row) <= f.Double(0, row)))
        {
            position++;
        }

        f.Result.Append((long)position);
    }
}
