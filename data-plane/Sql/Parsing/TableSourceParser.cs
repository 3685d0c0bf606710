using Cloud.Sql.Ast;

namespace Cloud.Sql.Parsing;

/// <summary>Table names, joins and derived tables.</summary>
internal sealed class TableSourceParser(TokenReader tokens, SqlParser parser)
{
    public TableName Name()
    {
        var first = tokens.Name();
        return tokens.Accept(Symbol.Dot) ? new TableName(first, tokens.AnyWord()) : new TableName(null, first);
    }

    public List<TableName> Names()
    {
        var names = new List<TableName>();
        do
        {
            names.Add(Name());
        }
        while (tokens.Accept(Symbol.Comma));
        return names;
    }

    /// <summary>What follows FROM: commas are inner joins of the lowest strength.</summary>
    public TableSource Sources()
    {
        var source = Joined();
        while (tokens.Accept(Symbol.Comma))
        {
            source = new JoinSource(JoinKind.Inner, source, Joined(), On: null, Using: null, Natural: false);
        }

        return source;
    }

    private TableSource Joined()
    {
        tokens.Enter();
        var left = Single();
        var joins = 0;
        while (JoinWords() is { } join)
        {
            if (++joins >= SqlLimits.TablesPerJoinMax)
            {
                throw Errors.TooManyTables(SqlLimits.TablesPerJoinMax);
            }

            left = Condition(left, join.Kind, join.Natural);
        }

        tokens.Leave();
        return left;
    }

    private JoinSource Condition(TableSource left, JoinKind kind, bool natural)
    {
        var right = Single();
        if (natural)
        {
            return new JoinSource(kind, left, right, On: null, Using: null, Natural: true);
        }

        if (tokens.Accept(Keyword.On))
        {
            return new JoinSource(kind, left, right, parser.Expressions.Parse(), Using: null, Natural: false);
        }

        if (tokens.Accept(Keyword.Using))
        {
            tokens.Expect(Symbol.LeftParenthesis);
            var columns = new List<string>();
            do
            {
                columns.Add(tokens.Name());
            }
            while (tokens.Accept(Symbol.Comma));
            tokens.Expect(Symbol.RightParenthesis);
            return new JoinSource(kind, left, right, On: null, columns, Natural: false);
        }

        return kind == JoinKind.Inner
            ? new JoinSource(kind, left, right, On: null, Using: null, Natural: false)
            : throw tokens.SyntaxError();
    }

    private (JoinKind Kind, bool Natural)? JoinWords()
    {
        var natural = tokens.Accept(Keyword.Natural);
        var kind = tokens.AcceptAny(Keyword.Inner, Keyword.Cross, Keyword.Left, Keyword.Right, Keyword.Join, Keyword.StraightJoin);
        switch (kind)
        {
            case Keyword.None:
                return natural ? throw tokens.SyntaxError() : null;
            case Keyword.Join or Keyword.StraightJoin:
                return (JoinKind.Inner, natural);
            case Keyword.Inner or Keyword.Cross:
                tokens.Expect(Keyword.Join);
                return (JoinKind.Inner, natural);
            default:
                tokens.Accept(Keyword.Outer);
                tokens.Expect(Keyword.Join);
                return (kind == Keyword.Left ? JoinKind.Left : JoinKind.Right, natural);
        }
    }

    private TableSource Single()
    {
        if (tokens.Is(Symbol.LeftParenthesis))
        {
            return parser.Queries.BeginsQuery(1) ? Derived() : ParenthesizedJoin();
        }

        var name = Name();
        if (tokens.Is(Keyword.Partition))
        {
            throw Errors.NotSupported("PARTITION in a table reference");
        }

        var alias = Alias();
        IndexHints();
        return new NamedTable(name, alias);
    }

    private TableSource ParenthesizedJoin()
    {
        tokens.Expect(Symbol.LeftParenthesis);
        var inner = Sources();
        tokens.Expect(Symbol.RightParenthesis);
        return inner;
    }

    private DerivedTable Derived()
    {
        var query = parser.Queries.Parenthesized();
        var alias = Alias() ?? throw Errors.DerivedTableWithoutAlias();
        var columns = new List<string>();
        if (tokens.Accept(Symbol.LeftParenthesis))
        {
            do
            {
                columns.Add(tokens.Name());
            }
            while (tokens.Accept(Symbol.Comma));
            tokens.Expect(Symbol.RightParenthesis);
        }

        return new DerivedTable(query, alias, columns);
    }

    private string? Alias() => tokens.Accept(Keyword.As) || tokens.AtName() ? tokens.NameOrString() : null;

    /// <summary>USE, FORCE and IGNORE INDEX are hints: the planner chooses by its own rules, which no hint can make wrong.</summary>
    private void IndexHints()
    {
        while (tokens.AcceptAny(Keyword.Use, Keyword.Force, Keyword.Ignore) != Keyword.None)
        {
            if (tokens.AcceptAny(Keyword.Index, Keyword.Key) == Keyword.None)
            {
                throw tokens.SyntaxError();
            }

            if (tokens.Accept(Keyword.For))
            {
                if (!tokens.Accept(Keyword.Join) && !tokens.Accept(Keyword.Order, Keyword.By))
                {
                    tokens.Expect(Keyword.Group);
                    tokens.Expect(Keyword.By);
                }
            }

            tokens.Expect(Symbol.LeftParenthesis);
            while (!tokens.Accept(Symbol.RightParenthesis))
            {
                _ = tokens.Accept(Keyword.Primary) ? "PRIMARY" : tokens.Name();
                tokens.Accept(Symbol.Comma);
            }
        }
    }
}
