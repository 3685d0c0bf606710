using Cloud.Sql.Ast;

namespace Cloud.Sql.Parsing;

/// <summary>Calls of functions, with the special syntax that some of them have.</summary>
internal sealed class CallParser(TokenReader tokens, SqlParser parser)
{
    private static readonly HashSet<string> Aggregates = new(StringComparer.Ordinal)
    {
        "COUNT", "SUM", "AVG", "MIN", "MAX", "GROUP_CONCAT", "BIT_AND", "BIT_OR", "BIT_XOR", "ANY_VALUE",
        "STD", "STDDEV", "STDDEV_POP", "STDDEV_SAMP", "VARIANCE", "VAR_POP", "VAR_SAMP",
    };

    private static readonly HashSet<string> Units = new(StringComparer.Ordinal)
    {
        "MICROSECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR",
        "SECOND_MICROSECOND", "MINUTE_MICROSECOND", "MINUTE_SECOND", "HOUR_MICROSECOND", "HOUR_SECOND", "HOUR_MINUTE",
        "DAY_MICROSECOND", "DAY_SECOND", "DAY_MINUTE", "DAY_HOUR", "YEAR_MONTH",
    };

    /// <summary>A call, or null when the current word is not followed by arguments and is no niladic function.</summary>
    public Expression? TryParse()
    {
        var token = tokens.Current;
        if (tokens.Ahead(1).Symbol != Symbol.LeftParenthesis)
        {
            return Niladic(token);
        }

        if (Keywords.IsReserved(token.Keyword) && !IsFunctionWord(token.Keyword))
        {
            throw tokens.SyntaxError();
        }

        var name = tokens.AnyWord().ToUpperInvariant();
        tokens.Enter();
        tokens.Expect(Symbol.LeftParenthesis);
        var call = Aggregates.Contains(name) ? Aggregate(name) : Special(name) ?? Plain(name);
        tokens.Expect(Symbol.RightParenthesis);
        tokens.Leave();
        if (tokens.Is(Keyword.Over))
        {
            throw Errors.NotSupported("window functions");
        }

        return call with { Start = token.Start };
    }

    public string Unit()
    {
        var at = tokens.Current;
        var unit = tokens.AnyWord().ToUpperInvariant();
        if (unit.StartsWith("SQL_TSI_", StringComparison.Ordinal))
        {
            unit = unit["SQL_TSI_".Length..];
        }

        return Units.Contains(unit) ? unit : throw tokens.SyntaxError(at);
    }

    private FunctionCall? Niladic(Token token)
    {
        var name = token.Keyword switch
        {
            Keyword.CurrentTimestamp or Keyword.Localtime or Keyword.Localtimestamp => "NOW",
            Keyword.CurrentDate => "CURDATE",
            Keyword.CurrentTime => "CURTIME",
            Keyword.UtcTimestamp => "UTC_TIMESTAMP",
            Keyword.UtcDate => "UTC_DATE",
            Keyword.UtcTime => "UTC_TIME",
            Keyword.CurrentUser => "CURRENT_USER",
            _ => null,
        };
        if (name is null)
        {
            return null;
        }

        tokens.Take();
        return new FunctionCall(name, []) { Start = token.Start };
    }

    private static bool IsFunctionWord(Keyword keyword) => keyword is
        Keyword.If or Keyword.Left or Keyword.Right or Keyword.Repeat or Keyword.Replace or Keyword.Insert or Keyword.Mod or Keyword.Char
        or Keyword.Convert or Keyword.Database or Keyword.Schema or Keyword.Values or Keyword.Default or Keyword.CurrentTimestamp
        or Keyword.CurrentDate or Keyword.CurrentTime or Keyword.CurrentUser or Keyword.Localtime or Keyword.Localtimestamp
        or Keyword.UtcDate or Keyword.UtcTime or Keyword.UtcTimestamp or Keyword.Interval;

    private AggregateCall Aggregate(string name)
    {
        var distinct = tokens.Accept(Keyword.Distinct);
        if (!distinct)
        {
            tokens.Accept(Keyword.All);
        }

        if (name == "COUNT" && !distinct && tokens.Accept(Symbol.Star))
        {
            return new AggregateCall(name, Distinct: false, [], [], Separator: null);
        }

        var at = tokens.Current;
        var arguments = parser.Expressions.ParseList();
        var many = name == "GROUP_CONCAT" || (name == "COUNT" && distinct);
        if (arguments.Count > 1 && !many)
        {
            throw tokens.SyntaxError(at);
        }

        IReadOnlyList<OrderItem> order = [];
        byte[]? separator = null;
        if (name == "GROUP_CONCAT")
        {
            order = parser.Queries.OptionalOrderBy();
            separator = tokens.Accept(Keyword.Separator) ? tokens.String() : null;
        }

        return new AggregateCall(name, distinct, arguments, order, separator);
    }

    private Expression? Special(string name)
    {
        switch (name)
        {
            case "CAST":
                var operand = parser.Expressions.Parse();
                tokens.Expect(Keyword.As);
                return new CastExpression(operand, parser.Types.CastTarget());
            case "CONVERT":
                return Convert();
            case "EXTRACT":
                var unit = Unit();
                tokens.Expect(Keyword.From);
                return new FunctionCall("EXTRACT_" + unit, [parser.Expressions.Parse()]);
            case "POSITION":
                return Position();
            case "SUBSTRING" or "SUBSTR" or "MID":
                return Substring();
            case "TRIM":
                return Trim();
            case "DATE_ADD" or "ADDDATE" or "DATE_SUB" or "SUBDATE":
                return DateArithmetic(name is "DATE_ADD" or "ADDDATE" ? "DATE_ADD" : "DATE_SUB");
            case "TIMESTAMPADD" or "TIMESTAMPDIFF":
                var span = Unit();
                tokens.Expect(Symbol.Comma);
                return TimestampArithmetic(name, span);
            case "VALUES":
                return new InsertedValueExpression(ColumnArgument());
            case "DEFAULT":
                return new DefaultExpression(ColumnArgument());
            case "GET_FORMAT":
                throw Errors.NotSupported("GET_FORMAT");
            case "CHAR":
                return Character();
            default:
                return null;
        }
    }

    private FunctionCall Plain(string name)
    {
        var arguments = tokens.Is(Symbol.RightParenthesis) ? [] : parser.Expressions.ParseList();
        var canonical = name switch
        {
            "CURRENT_TIMESTAMP" or "LOCALTIME" or "LOCALTIMESTAMP" => "NOW",
            "CURRENT_DATE" => "CURDATE",
            "CURRENT_TIME" => "CURTIME",
            "SCHEMA" => "DATABASE",
            "LCASE" => "LOWER",
            "UCASE" => "UPPER",
            "CEILING" => "CEIL",
            "POWER" => "POW",
            "CHARACTER_LENGTH" => "CHAR_LENGTH",
            "OCTET_LENGTH" => "LENGTH",
            "DAYOFMONTH" => "DAY",
            "SESSION_USER" or "SYSTEM_USER" => "USER",
            _ => name,
        };
        return new FunctionCall(canonical, arguments);
    }

    private Expression Convert()
    {
        var operand = parser.Expressions.Parse();
        if (tokens.Accept(Keyword.Using))
        {
            return new ConvertUsingExpression(operand, tokens.Accept(Keyword.Binary) ? "binary" : tokens.NameOrString());
        }

        tokens.Expect(Symbol.Comma);
        return new CastExpression(operand, parser.Types.CastTarget());
    }

    private FunctionCall Position()
    {
        // The needle stops before IN, which would otherwise be read as an operator.
        var needle = parser.Expressions.Operand();
        tokens.Expect(Keyword.In);
        return new FunctionCall("LOCATE", [needle, parser.Expressions.Parse()]);
    }

    private FunctionCall Substring()
    {
        var arguments = new List<Expression> { parser.Expressions.Parse() };
        var words = tokens.Accept(Keyword.From);
        if (!words)
        {
            tokens.Expect(Symbol.Comma);
        }

        arguments.Add(parser.Expressions.Parse());
        if (words ? tokens.Accept(Keyword.For) : tokens.Accept(Symbol.Comma))
        {
            arguments.Add(parser.Expressions.Parse());
        }

        return new FunctionCall("SUBSTRING", arguments);
    }

    private FunctionCall Trim()
    {
        var side = tokens.AcceptAny(Keyword.Both, Keyword.Leading, Keyword.Trailing);
        var name = side switch { Keyword.Leading => "TRIM_LEADING", Keyword.Trailing => "TRIM_TRAILING", _ => "TRIM" };
        if (side != Keyword.None && tokens.Accept(Keyword.From))
        {
            return new FunctionCall(name, [parser.Expressions.Parse()]);
        }

        var first = parser.Expressions.Parse();
        return tokens.Accept(Keyword.From)
            ? new FunctionCall(name, [parser.Expressions.Parse(), first])
            : side == Keyword.None ? new FunctionCall(name, [first]) : throw tokens.SyntaxError();
    }

    private FunctionCall DateArithmetic(string name)
    {
        var date = parser.Expressions.Parse();
        tokens.Expect(Symbol.Comma);
        if (tokens.Accept(Keyword.Interval))
        {
            var value = parser.Expressions.Parse();
            return new FunctionCall(name, [date, new IntervalExpression(value, Unit())]);
        }

        return new FunctionCall(name, [date, new IntervalExpression(parser.Expressions.Parse(), "DAY")]);
    }

    private FunctionCall TimestampArithmetic(string name, string unit)
    {
        var first = parser.Expressions.Parse();
        tokens.Expect(Symbol.Comma);
        var second = parser.Expressions.Parse();
        return name == "TIMESTAMPADD"
            ? new FunctionCall("DATE_ADD", [second, new IntervalExpression(first, unit)])
            : new FunctionCall("TIMESTAMPDIFF_" + unit, [first, second]);
    }

    private ColumnReference ColumnArgument()
    {
        var at = tokens.Current;
        return parser.Expressions.Parse() as ColumnReference ?? throw tokens.SyntaxError(at);
    }

    private Expression Character()
    {
        var arguments = parser.Expressions.ParseList();
        var call = new FunctionCall("CHAR", arguments);
        return tokens.Accept(Keyword.Using) ? new ConvertUsingExpression(call, tokens.NameOrString()) : call;
    }
}
