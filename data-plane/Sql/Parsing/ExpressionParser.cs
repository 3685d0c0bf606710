using System.Text;
using Cloud.Sql.Ast;

namespace Cloud.Sql.Parsing;

/// <summary>
/// Expressions by precedence climbing.
/// Source: MySQL 8.0 Reference Manual §12.4.1 "Operator Precedence".
/// </summary>
internal sealed class ExpressionParser(TokenReader tokens, SqlParser parser)
{
    /// <summary>Longest chain of one level of operators; AND and OR are flat and not counted.</summary>
    private const int ChainMax = 5000;

    private readonly OperandParser _operands = new(tokens, parser);

    public Expression Parse()
    {
        tokens.Enter();
        var start = tokens.Current.Start;
        var first = Xor();
        if (tokens.Is(Keyword.Or) || tokens.Is(Symbol.OrOr))
        {
            var operands = new List<Expression> { first };
            while (tokens.Accept(Keyword.Or) || tokens.Accept(Symbol.OrOr))
            {
                operands.Add(Xor());
            }

            first = new LogicalExpression(IsAnd: false, operands) { Start = start };
        }

        tokens.Leave();
        return first;
    }

    public List<Expression> ParseList()
    {
        var list = new List<Expression>();
        do
        {
            list.Add(Parse());
        }
        while (tokens.Accept(Symbol.Comma));
        return list;
    }

    private Expression Xor()
    {
        var left = And();
        while (tokens.Accept(Keyword.Xor))
        {
            left = new BinaryExpression(BinaryOperator.LogicalXor, left, And()) { Start = left.Start };
        }

        return left;
    }

    private Expression And()
    {
        var start = tokens.Current.Start;
        var first = Not();
        if (!tokens.Is(Keyword.And) && !tokens.Is(Symbol.AndAnd))
        {
            return first;
        }

        var operands = new List<Expression> { first };
        while (tokens.Accept(Keyword.And) || tokens.Accept(Symbol.AndAnd))
        {
            operands.Add(Not());
        }

        return new LogicalExpression(IsAnd: true, operands) { Start = start };
    }

    private Expression Not()
    {
        var start = tokens.Current.Start;
        if (!tokens.Accept(Keyword.Not))
        {
            return Comparison();
        }

        tokens.Enter();
        var operand = Not();
        tokens.Leave();
        return new UnaryExpression(UnaryOperator.Not, operand) { Start = start };
    }

    private Expression Comparison()
    {
        var left = Predicate();
        for (var chain = 0; ; chain++)
        {
            if (chain > ChainMax)
            {
                throw Errors.TooDeep();
            }

            if (tokens.Accept(Keyword.Is))
            {
                left = Is(left);
            }
            else if (ComparisonOperator(tokens.Current.Symbol) is { } comparison)
            {
                tokens.Take();
                left = Quantified(left, comparison)
                    ?? (Expression)new BinaryExpression(comparison, left, Predicate()) { Start = left.Start };
            }
            else
            {
                return left;
            }
        }
    }

    private Expression Is(Expression left)
    {
        var negated = tokens.Accept(Keyword.Not);
        var word = tokens.AcceptAny(Keyword.Null, Keyword.Unknown, Keyword.True, Keyword.False);
        return word switch
        {
            Keyword.Null or Keyword.Unknown => new IsNullExpression(left, negated) { Start = left.Start },
            Keyword.True or Keyword.False => new IsTruthExpression(left, word == Keyword.True, negated) { Start = left.Start },
            _ => throw tokens.SyntaxError(),
        };
    }

    private QuantifiedComparison? Quantified(Expression left, BinaryOperator comparison)
    {
        if (tokens.Ahead(1).Symbol != Symbol.LeftParenthesis)
        {
            return null;
        }

        var word = tokens.AcceptAny(Keyword.All, Keyword.Any, Keyword.Some);
        return word == Keyword.None
            ? null
            : new QuantifiedComparison(comparison, left, parser.Queries.Parenthesized(), word == Keyword.All) { Start = left.Start };
    }

    private static BinaryOperator? ComparisonOperator(Symbol symbol) => symbol switch
    {
        Symbol.Equal => BinaryOperator.Equal,
        Symbol.NullSafeEqual => BinaryOperator.NullSafeEqual,
        Symbol.NotEqual => BinaryOperator.NotEqual,
        Symbol.Less => BinaryOperator.Less,
        Symbol.LessOrEqual => BinaryOperator.LessOrEqual,
        Symbol.Greater => BinaryOperator.Greater,
        Symbol.GreaterOrEqual => BinaryOperator.GreaterOrEqual,
        _ => null,
    };

    private Expression Predicate()
    {
        var left = Bits(0);
        var negated = tokens.Is(Keyword.Not) && tokens.Ahead(1).Keyword is Keyword.Between or Keyword.In or Keyword.Like or Keyword.Regexp or Keyword.Rlike
            && tokens.Accept(Keyword.Not);
        var start = left.Start;
        switch (tokens.AcceptAny(Keyword.Between, Keyword.In, Keyword.Like, Keyword.Regexp, Keyword.Rlike))
        {
            case Keyword.Between:
                var low = Bits(0);
                tokens.Expect(Keyword.And);
                tokens.Enter();
                var high = Predicate();
                tokens.Leave();
                return new BetweenExpression(left, low, high, negated) { Start = start };
            case Keyword.In:
                return In(left, negated);
            case Keyword.Like:
                var pattern = Bits(0);
                var escape = tokens.Accept(Keyword.Escape) ? Bits(0) : null;
                return new LikeExpression(left, pattern, escape, negated) { Start = start };
            case Keyword.Regexp or Keyword.Rlike:
                return new RegexpExpression(left, Bits(0), negated) { Start = start };
            default:
                if (tokens.Is(Keyword.Sounds, Keyword.Like))
                {
                    tokens.Take();
                    tokens.Take();
                    return new BinaryExpression(
                        BinaryOperator.Equal, new FunctionCall("SOUNDEX", [left]), new FunctionCall("SOUNDEX", [Bits(0)])) { Start = start };
                }

                return left;
        }
    }

    private Expression In(Expression left, bool negated)
    {
        if (tokens.Is(Symbol.LeftParenthesis) && parser.Queries.BeginsQuery(1))
        {
            return new InSubqueryExpression(left, parser.Queries.Parenthesized(), negated) { Start = left.Start };
        }

        tokens.Expect(Symbol.LeftParenthesis);
        var items = ParseList();
        tokens.Expect(Symbol.RightParenthesis);
        return new InListExpression(left, items, negated) { Start = left.Start };
    }

    /// <summary>Arithmetic and bit operators binding at least as strongly as <paramref name="minimum"/>.</summary>
    private Expression Bits(int minimum)
    {
        tokens.Enter();
        var left = Unary();
        for (var chain = 0; ; chain++)
        {
            var (binary, strength) = BitOperator();
            if (strength < 0 || strength < minimum)
            {
                tokens.Leave();
                return left;
            }

            if (chain > ChainMax)
            {
                throw Errors.TooDeep();
            }

            tokens.Take();
            left = IsInterval()
                ? DateArithmetic(left, binary)
                : new BinaryExpression(binary, left, Bits(strength + 1)) { Start = left.Start };
        }
    }

    private bool IsInterval() => tokens.Is(Keyword.Interval) && !(tokens.Ahead(1).Symbol == Symbol.LeftParenthesis && IsIntervalFunction());

    /// <summary>INTERVAL(n, a, b) is a function; INTERVAL (1) DAY is a span: a comma at the first level tells.</summary>
    private bool IsIntervalFunction()
    {
        var depth = 0;
        for (var i = 1; ; i++)
        {
            var token = tokens.Ahead(i);
            depth += token.Symbol switch { Symbol.LeftParenthesis => 1, Symbol.RightParenthesis => -1, _ => 0 };
            if (depth == 0 || token.Kind is TokenKind.End or TokenKind.Invalid)
            {
                return false;
            }

            if (depth == 1 && token.Symbol == Symbol.Comma)
            {
                return true;
            }
        }
    }

    private Expression DateArithmetic(Expression left, BinaryOperator binary) => binary switch
    {
        BinaryOperator.Add => new FunctionCall("DATE_ADD", [left, _operands.Interval()]) { Start = left.Start },
        BinaryOperator.Subtract => new FunctionCall("DATE_SUB", [left, _operands.Interval()]) { Start = left.Start },
        _ => throw tokens.SyntaxError(),
    };

    private (BinaryOperator Operator, int Strength) BitOperator() => tokens.Current switch
    {
        { Symbol: Symbol.Pipe } => (BinaryOperator.BitOr, 0),
        { Symbol: Symbol.Ampersand } => (BinaryOperator.BitAnd, 1),
        { Symbol: Symbol.ShiftLeft } => (BinaryOperator.ShiftLeft, 2),
        { Symbol: Symbol.ShiftRight } => (BinaryOperator.ShiftRight, 2),
        { Symbol: Symbol.Plus } => (BinaryOperator.Add, 3),
        { Symbol: Symbol.Minus } => (BinaryOperator.Subtract, 3),
        { Symbol: Symbol.Star } => (BinaryOperator.Multiply, 4),
        { Symbol: Symbol.Slash } => (BinaryOperator.Divide, 4),
        { Symbol: Symbol.Percent } or { Keyword: Keyword.Mod } => (BinaryOperator.Modulo, 4),
        { Keyword: Keyword.Div } => (BinaryOperator.IntegerDivide, 4),
        { Symbol: Symbol.Caret } => (BinaryOperator.BitXor, 5),
        _ => (default, -1),
    };

    private Expression Unary()
    {
        var start = tokens.Current.Start;
        UnaryOperator? unary = tokens.Current switch
        {
            { Symbol: Symbol.Minus } => UnaryOperator.Negate,
            { Symbol: Symbol.Plus } => UnaryOperator.Plus,
            { Symbol: Symbol.Tilde } => UnaryOperator.BitInvert,
            { Symbol: Symbol.Exclamation } => UnaryOperator.Not,
            { Keyword: Keyword.Binary } => UnaryOperator.Binary,
            _ => null,
        };
        if (unary is not { } operation)
        {
            return Collated(_operands.Parse());
        }

        tokens.Take();
        tokens.Enter();
        var operand = Unary();
        tokens.Leave();
        return operation == UnaryOperator.Negate && operand is Literal { Kind: LiteralKind.Integer or LiteralKind.Decimal or LiteralKind.Float } number
            ? number with { Text = number.Text.StartsWith('-') ? number.Text[1..] : "-" + number.Text, Start = start }
            : new UnaryExpression(operation, operand) { Start = start };
    }

    private Expression Collated(Expression operand)
    {
        while (tokens.Accept(Keyword.Collate))
        {
            operand = new CollateExpression(operand, tokens.NameOrString()) { Start = operand.Start };
        }

        return operand;
    }

    /// <summary>Arithmetic only: stops before IN, LIKE, BETWEEN and comparisons.</summary>
    public Expression Operand() => Bits(0);

    /// <summary>One operand without operators.</summary>
    public Expression Leaf() => _operands.Parse();

    /// <summary>A literal without operators except a sign, as DEFAULT and options take.</summary>
    public Expression SignedLiteral()
    {
        var start = tokens.Current.Start;
        var negative = tokens.Accept(Symbol.Minus);
        if (!negative)
        {
            tokens.Accept(Symbol.Plus);
        }

        var operand = _operands.Parse();
        return operand is Literal literal
            ? negative ? literal with { Text = "-" + literal.Text, Start = start } : literal
            : throw tokens.SyntaxError();
    }

    /// <summary>The UTF-8 text of a string literal.</summary>
    public static string TextOf(Literal literal) => literal.Kind == LiteralKind.String ? Encoding.UTF8.GetString(literal.Bytes) : literal.Text;
}
