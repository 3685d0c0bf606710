using System.Runtime.CompilerServices;
using System.Text;
using Cloud.Execution.Expressions.Functions;
using Cloud.Execution.Types;
using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;

namespace Cloud.Sql.Planning;

/// <summary>
/// Turns resolved expressions into typed ones that compute over chunks laid out as given.
/// </summary>
/// <param name="layout">Position of each column in the chunk, by id.</param>
/// <param name="context">Its parameters and variables give the types of question marks and <c>@name</c>.</param>
/// <param name="outer">Where the columns of queries around this one are found while it runs.</param>
internal sealed class ExpressionCompiler(
    IReadOnlyDictionary<int, int> layout, EvaluationContext context, IReadOnlyDictionary<int, DeferredExpression>? outer = null)
{
    private static readonly IReadOnlyDictionary<int, int> NoColumns = new Dictionary<int, int>();

    public static ExpressionCompiler ForConstants(
        EvaluationContext context, IReadOnlyDictionary<int, DeferredExpression>? outer = null) => new(NoColumns, context, outer);

    /// <exception cref="SqlException">1305 unknown function, 1582 wrong number of arguments, 1241 a row where a value must be.</exception>
    public VectorExpression Compile(Expression node)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Errors.TooDeep();
        }

        switch (node)
        {
            case BoundColumn column:
                return layout.TryGetValue(column.Id, out var index) ? new ColumnExpression(index, column.Type)
                    : outer is not null && outer.TryGetValue(column.Id, out var cell) ? cell
                    : throw Errors.UnknownColumn(column.Name, "field list");
            case Literal literal:
                return Literals.Compile(literal);
            case ConstantValue constant:
                return new ConstantExpression(constant.Value, constant.Type);
            case Parameter parameter:
                return new ParameterExpression(parameter.Index, Literals.TypeOf(context.Parameters.Span[parameter.Index]));
            case BoundSubquery subquery:
                return subquery.Plan.Result;
            case BoundInSubquery inSubquery:
                return CompileInSubquery(inSubquery);
            case UnaryExpression unary:
                return CompileUnary(unary);
            case BinaryExpression binary:
                return CompileBinary(binary);
            case LogicalExpression logical:
                return new ConnectiveExpression(logical.IsAnd, [.. logical.Operands.Select(Compile)]);
            case IsNullExpression isNull:
                return new TruthExpression(isNull.Negated ? TruthTest.IsNotNull : TruthTest.IsNull, Compile(isNull.Operand));
            case IsTruthExpression truth:
                return new TruthExpression(Test(truth), Compile(truth.Operand));
            case BetweenExpression between:
                return CompileBetween(between);
            case InListExpression inList:
                return CompileIn(inList);
            case CaseExpression choice:
                return CompileCase(choice);
            default:
                return CompileCall(node);
        }
    }

    private static TruthTest Test(IsTruthExpression truth) => (truth.Truth, truth.Negated) switch
    {
        (true, false) => TruthTest.IsTrue,
        (true, true) => TruthTest.IsNotTrue,
        (false, false) => TruthTest.IsFalse,
        _ => TruthTest.IsNotFalse,
    };

    private VectorExpression CompileCall(Expression node)
    {
        switch (node)
        {
            case LikeExpression like:
                List<VectorExpression> operands = [Compile(like.Operand), Compile(like.Pattern)];
                if (like.Escape is not null)
                {
                    operands.Add(Compile(like.Escape));
                }

                return Negate(Call("LIKE", operands), like.Negated);
            case RegexpExpression regexp:
                return Negate(Call("REGEXP", [Compile(regexp.Operand), Compile(regexp.Pattern)]), regexp.Negated);
            case FunctionCall { Name: "DATE_ADD" or "DATE_SUB" } span when span.Arguments[1] is IntervalExpression interval:
                return Call($"{span.Name}_{interval.Unit}", [Compile(span.Arguments[0]), Compile(interval.Value)]);
            case FunctionCall call:
                return Call(call.Name, [.. call.Arguments.Select(Compile)]);
            case CastExpression cast:
                return CompileCast(cast);
            case ConvertUsingExpression convert:
                return CompileConvert(convert);
            case CollateExpression collate:
                return CompileCollate(collate);
            case VariableReference { Scope: VariableScope.User } variable:
                return new UserVariableExpression(
                    variable.Name, context.Variables.TryGetValue(variable.Name, out var set) ? set.Type : FieldType.VarChar());
            case AssignVariableExpression assign:
                return new AssignExpression(assign.Name, Compile(assign.Value));
            case RowExpression:
                throw Errors.OperandColumns(1);
            case AggregateCall:
                throw Errors.InvalidGroupFunction();
            case ColumnReference column:
                throw Errors.UnknownColumn(column.ToString(), "field list");
            case QuantifiedComparison:
                throw Errors.NotSupported("ANY and ALL with other operators than = ANY and <> ALL");
            default:
                throw Errors.NotSupported($"{node.GetType().Name} here");
        }
    }

    private static VectorExpression Call(string name, IReadOnlyList<VectorExpression> arguments)
    {
        var function = FunctionLibrary.Find(name) ?? throw Errors.FunctionMissing(name);
        return arguments.Count >= function.ArgumentsMin && arguments.Count <= function.ArgumentsMax
            ? function.Make(arguments)
            : throw Errors.WrongParameterCount(name);
    }

    private static VectorExpression Negate(VectorExpression value, bool negated) =>
        negated ? new TruthExpression(TruthTest.Not, value) : value;

    private VectorExpression CompileUnary(UnaryExpression unary) => unary.Operator switch
    {
        UnaryOperator.Not => new TruthExpression(TruthTest.Not, Compile(unary.Operand)),
        UnaryOperator.Negate => Call("NEGATE", [Compile(unary.Operand)]),
        UnaryOperator.BitInvert => Call("BIT_INVERT", [Compile(unary.Operand)]),
        UnaryOperator.Binary => new CastVectorExpression(Compile(unary.Operand), FieldType.VarBinary(), CastMode.Explicit),
        _ => Compile(unary.Operand),
    };

    private VectorExpression CompileBinary(BinaryExpression binary)
    {
        if (binary.Left is RowExpression || binary.Right is RowExpression)
        {
            return CompileRows(binary);
        }

        var left = Compile(binary.Left);
        var right = Compile(binary.Right);
        if (ComparisonOf(binary.Operator) is { } comparison)
        {
            return Compare(comparison, left, right);
        }

        var unsignedFree = context.Has(SqlModes.NoUnsignedSubtraction);
        return binary.Operator switch
        {
            BinaryOperator.Add => TypedExpressions.Arithmetic(ArithmeticOperator.Add, left, right, unsignedFree),
            BinaryOperator.Subtract => TypedExpressions.Arithmetic(ArithmeticOperator.Subtract, left, right, unsignedFree),
            BinaryOperator.Multiply => TypedExpressions.Arithmetic(ArithmeticOperator.Multiply, left, right, unsignedFree),
            BinaryOperator.Divide => TypedExpressions.Arithmetic(ArithmeticOperator.Divide, left, right, unsignedFree),
            BinaryOperator.IntegerDivide => TypedExpressions.Arithmetic(ArithmeticOperator.IntegerDivide, left, right, unsignedFree),
            BinaryOperator.Modulo => TypedExpressions.Arithmetic(ArithmeticOperator.Modulo, left, right, unsignedFree),
            BinaryOperator.BitAnd => Call("BIT_AND_OP", [left, right]),
            BinaryOperator.BitOr => Call("BIT_OR_OP", [left, right]),
            BinaryOperator.BitXor => Call("BIT_XOR_OP", [left, right]),
            BinaryOperator.ShiftLeft => Call("SHIFT_LEFT", [left, right]),
            BinaryOperator.ShiftRight => Call("SHIFT_RIGHT", [left, right]),
            _ => TypedExpressions.Compare(
                ComparisonOperator.NotEqual,
                new TruthExpression(TruthTest.Not, left),
                new TruthExpression(TruthTest.Not, right)),
        };
    }

    public static ComparisonOperator? ComparisonOf(BinaryOperator binary) => binary switch
    {
        BinaryOperator.Equal => ComparisonOperator.Equal,
        BinaryOperator.NullSafeEqual => ComparisonOperator.NullSafeEqual,
        BinaryOperator.NotEqual => ComparisonOperator.NotEqual,
        BinaryOperator.Less => ComparisonOperator.Less,
        BinaryOperator.LessOrEqual => ComparisonOperator.LessOrEqual,
        BinaryOperator.Greater => ComparisonOperator.Greater,
        BinaryOperator.GreaterOrEqual => ComparisonOperator.GreaterOrEqual,
        _ => null,
    };

    /// <summary>A constant is brought to the column's type where that loses nothing, so that columns compare as they are stored.</summary>
    private static VectorExpression Compare(ComparisonOperator comparison, VectorExpression left, VectorExpression right) =>
        TypedExpressions.Compare(comparison, Literals.FitTo(left, right), Literals.FitTo(right, left));

    /// <summary>(a, b) = (c, d) is a = c AND b = d; order compares from the left.</summary>
    private VectorExpression CompileRows(BinaryExpression binary)
    {
        if (binary.Left is not RowExpression left || binary.Right is not RowExpression right)
        {
            throw Errors.OperandColumns(binary.Left is RowExpression row ? row.Items.Count : 1);
        }

        if (left.Items.Count != right.Items.Count)
        {
            throw Errors.OperandColumns(left.Items.Count);
        }

        return Compile(RowComparison.Expand(binary.Operator, left.Items, right.Items));
    }

    private VectorExpression CompileBetween(BetweenExpression between)
    {
        var operand = Compile(between.Operand);
        var low = Compare(ComparisonOperator.GreaterOrEqual, operand, Compile(between.Low));
        var high = Compare(ComparisonOperator.LessOrEqual, Compile(between.Operand), Compile(between.High));
        return Negate(new ConnectiveExpression(isAnd: true, [low, high]), between.Negated);
    }

    private VectorExpression CompileIn(InListExpression inList)
    {
        if (inList.Operand is RowExpression)
        {
            var pairs = inList.Items.Select(VectorExpression (item) =>
                Compile(new BinaryExpression(BinaryOperator.Equal, inList.Operand, item))).ToList();
            return Negate(pairs.Count == 1 ? pairs[0] : new ConnectiveExpression(isAnd: false, pairs), inList.Negated);
        }

        var operand = Compile(inList.Operand);
        var comparisons = inList.Items.Select(VectorExpression (item) => Compare(ComparisonOperator.Equal, operand, Compile(item))).ToList();
        return Negate(comparisons.Count == 1 ? comparisons[0] : new ConnectiveExpression(isAnd: false, comparisons), inList.Negated);
    }

    private VectorExpression CompileCase(CaseExpression choice)
    {
        var conditions = choice.Branches.Select(VectorExpression (branch) => choice.Operand is null
            ? Compile(branch.When)
            : Compare(ComparisonOperator.Equal, Compile(choice.Operand), Compile(branch.When))).ToList();
        List<VectorExpression> results = [.. choice.Branches.Select(branch => Compile(branch.Then))];
        if (choice.Else is not null)
        {
            results.Add(Compile(choice.Else));
        }

        var (type, values) = TypedExpressions.Unify(results);
        return new ChoiceExpression(
            conditions, values[..conditions.Count], choice.Else is null ? null : values[^1], type);
    }

    private VectorExpression CompileCast(CastExpression cast)
    {
        var operand = Compile(cast.Operand);
        return new CastVectorExpression(operand, ColumnTypes.OfCast(cast.Type), CastMode.Explicit);
    }

    private VectorExpression CompileConvert(ConvertUsingExpression convert)
    {
        var operand = TypedExpressions.AsText(Compile(convert.Operand));
        var type = convert.Charset.Equals("binary", StringComparison.OrdinalIgnoreCase)
            ? FieldType.VarBinary()
            : FieldType.VarChar(operand.Type.Length, Charsets.Resolve(convert.Charset, null).Id);
        return new CastVectorExpression(operand, type with { Length = FieldType.Unspecified }, CastMode.Explicit);
    }

    private VectorExpression CompileCollate(CollateExpression collate)
    {
        var operand = TypedExpressions.AsText(Compile(collate.Operand));
        var collation = Charsets.RequireCollation(collate.Collation);
        return new CastVectorExpression(
            operand, operand.Type with { CollationId = collation.Id, Length = FieldType.Unspecified, Flags = FieldFlags.None }, CastMode.Implicit);
    }

    private InSetExpression CompileInSubquery(BoundInSubquery inSubquery)
    {
        var types = inSubquery.Plan.Root.Columns.Select(column => column.Type).ToList();
        var operands = inSubquery.Operands.Select((operand, i) =>
            Comparable(Compile(operand), types[i])).ToList();
        return new InSetExpression(operands, inSubquery.Plan.Rows, inSubquery.Negated);
    }

    /// <summary>An operand as the type of the subquery's column.</summary>
    private static VectorExpression Comparable(VectorExpression operand, FieldType type) =>
        TypedExpressions.Cast(operand, type);
}
