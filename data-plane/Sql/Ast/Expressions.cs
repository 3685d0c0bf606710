namespace Cloud.Sql.Ast;

/// <summary>A scalar expression as written; names are unresolved and types unknown.</summary>
internal abstract record Expression
{
    /// <summary>Where the text of the expression begins, in bytes of the statement's text.</summary>
    public int Start { get; init; }
}

internal enum LiteralKind
{
    Null,

    /// <summary>A whole number in <see cref="Literal.Text"/>.</summary>
    Integer,

    /// <summary>An exact number with a point, in <see cref="Literal.Text"/>.</summary>
    Decimal,

    /// <summary>A number with an exponent, in <see cref="Literal.Text"/>.</summary>
    Float,

    /// <summary>Text in UTF-8.</summary>
    String,

    /// <summary>Bytes without a character set: <c>x'…'</c>, <c>0x…</c>, <c>b'…'</c>, <c>_binary '…'</c>.</summary>
    Binary,

    /// <summary>TRUE (1) or FALSE (0).</summary>
    Boolean,

    /// <summary><c>DATE '…'</c>; the text is in <see cref="Literal.Bytes"/>.</summary>
    Date,

    /// <summary><c>TIME '…'</c>.</summary>
    Time,

    /// <summary><c>TIMESTAMP '…'</c>.</summary>
    Timestamp,
}

internal sealed record Literal(LiteralKind Kind, string Text, byte[] Bytes) : Expression
{
    public static readonly Literal Null = new(LiteralKind.Null, "NULL", []);

    public static Literal Integer(long value) => new(LiteralKind.Integer, value.ToString(), []);
}

/// <summary>A column by name; qualifiers are null where not written.</summary>
internal sealed record ColumnReference(string? Schema, string? Table, string Name) : Expression
{
    public override string ToString() => string.Join('.', new[] { Schema, Table, Name }.Where(part => part is not null));
}

/// <summary>A question mark of a prepared statement, numbered from 0 in order of the text.</summary>
internal sealed record Parameter(int Index) : Expression;

internal enum VariableScope
{
    /// <summary><c>@name</c>.</summary>
    User,

    /// <summary><c>@@name</c>: session value where there is one, else global.</summary>
    Implicit,
    Session,
    Global,
}

internal sealed record VariableReference(VariableScope Scope, string Name) : Expression;

internal enum UnaryOperator
{
    Negate,
    Plus,
    BitInvert,
    Not,
    Binary,
}

internal sealed record UnaryExpression(UnaryOperator Operator, Expression Operand) : Expression;

internal enum BinaryOperator
{
    Add,
    Subtract,
    Multiply,
    Divide,
    IntegerDivide,
    Modulo,
    BitAnd,
    BitOr,
    BitXor,
    ShiftLeft,
    ShiftRight,
    Equal,
    NullSafeEqual,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    LogicalXor,
}

internal sealed record BinaryExpression(BinaryOperator Operator, Expression Left, Expression Right) : Expression;

/// <summary>AND or OR over two or more operands; flat, so that long chains do not nest.</summary>
internal sealed record LogicalExpression(bool IsAnd, IReadOnlyList<Expression> Operands) : Expression;

internal sealed record IsNullExpression(Expression Operand, bool Negated) : Expression;

/// <summary><c>IS [NOT] TRUE|FALSE</c>; UNKNOWN is <see cref="IsNullExpression"/>.</summary>
internal sealed record IsTruthExpression(Expression Operand, bool Truth, bool Negated) : Expression;

internal sealed record BetweenExpression(Expression Operand, Expression Low, Expression High, bool Negated) : Expression;

internal sealed record InListExpression(Expression Operand, IReadOnlyList<Expression> Items, bool Negated) : Expression;

internal sealed record InSubqueryExpression(Expression Operand, Query Query, bool Negated) : Expression;

internal sealed record ExistsExpression(Query Query) : Expression;

internal sealed record ScalarSubquery(Query Query) : Expression;

/// <summary><c>left op ANY|ALL (query)</c>.</summary>
internal sealed record QuantifiedComparison(BinaryOperator Operator, Expression Left, Query Query, bool All) : Expression;

internal sealed record LikeExpression(Expression Operand, Expression Pattern, Expression? Escape, bool Negated) : Expression;

internal sealed record RegexpExpression(Expression Operand, Expression Pattern, bool Negated) : Expression;

internal sealed record CaseBranch(Expression When, Expression Then);

internal sealed record CaseExpression(Expression? Operand, IReadOnlyList<CaseBranch> Branches, Expression? Else) : Expression;

/// <summary>A row constructor <c>(a, b)</c> of two or more columns.</summary>
internal sealed record RowExpression(IReadOnlyList<Expression> Items) : Expression;

/// <summary>A call; the name is in upper case.</summary>
internal sealed record FunctionCall(string Name, IReadOnlyList<Expression> Arguments) : Expression;

/// <summary>An aggregate; the name is in upper case; COUNT(*) has no arguments.</summary>
internal sealed record AggregateCall(
    string Name,
    bool Distinct,
    IReadOnlyList<Expression> Arguments,
    IReadOnlyList<OrderItem> OrderBy,
    byte[]? Separator) : Expression;

internal sealed record CastExpression(Expression Operand, DataTypeSpec Type) : Expression;

internal sealed record ConvertUsingExpression(Expression Operand, string Charset) : Expression;

internal sealed record CollateExpression(Expression Operand, string Collation) : Expression;

/// <summary><c>INTERVAL value unit</c>, only as an argument of date arithmetic.</summary>
internal sealed record IntervalExpression(Expression Value, string Unit) : Expression;

/// <summary><c>DEFAULT</c> or <c>DEFAULT(column)</c>.</summary>
internal sealed record DefaultExpression(ColumnReference? Column) : Expression;

/// <summary><c>VALUES(column)</c> in ON DUPLICATE KEY UPDATE.</summary>
internal sealed record InsertedValueExpression(ColumnReference Column) : Expression;

/// <summary><c>@name := value</c>.</summary>
internal sealed record AssignVariableExpression(string Name, Expression Value) : Expression;
