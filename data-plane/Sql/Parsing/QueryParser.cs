using Cloud.Sql.Ast;

namespace Cloud.Sql.Parsing;

/// <summary>SELECT, UNION and what they read from.</summary>
internal sealed class QueryParser(TokenReader tokens, SqlParser parser)
{
    /// <summary>Whether a query begins at the given distance, behind any opening parentheses.</summary>
    public bool BeginsQuery(int offset = 0)
    {
        var token = tokens.Ahead(offset);
        while (token.Symbol == Symbol.LeftParenthesis)
        {
            token = tokens.Ahead(++offset);
        }

        return token.Keyword is Keyword.Select or Keyword.With;
    }

    public Query Parse()
    {
        tokens.Enter();
        if (tokens.Is(Keyword.With))
        {
            throw Errors.NotSupported("WITH (common table expressions)");
        }

        var query = Term();
        while (tokens.Accept(Keyword.Union))
        {
            var all = tokens.Accept(Keyword.All);
            if (!all)
            {
                tokens.Accept(Keyword.Distinct);
            }

            var right = Term();
            query = new UnionQuery(query, right, all);
        }

        query = Tail(query);
        tokens.Leave();
        return query;
    }

    public Query Parenthesized()
    {
        tokens.Expect(Symbol.LeftParenthesis);
        var query = Parse();
        tokens.Expect(Symbol.RightParenthesis);
        return query;
    }

    public IReadOnlyList<OrderItem> OptionalOrderBy()
    {
        if (!tokens.Accept(Keyword.Order))
        {
            return [];
        }

        tokens.Expect(Keyword.By);
        var items = new List<OrderItem>();
        do
        {
            var expression = parser.Expressions.Parse();
            var descending = tokens.Accept(Keyword.Desc);
            if (!descending)
            {
                tokens.Accept(Keyword.Asc);
            }

            items.Add(new OrderItem(expression, descending));
        }
        while (tokens.Accept(Symbol.Comma));
        return items;
    }

    public LimitClause? OptionalLimit()
    {
        if (!tokens.Accept(Keyword.Limit))
        {
            return null;
        }

        var first = LimitNumber();
        if (tokens.Accept(Symbol.Comma))
        {
            return new LimitClause(LimitNumber(), first);
        }

        return new LimitClause(first, tokens.Accept(Keyword.Offset) ? LimitNumber() : null);
    }

    /// <summary>A whole number or a parameter.</summary>
    public Expression LimitNumber() =>
        tokens.Current.Kind is TokenKind.Integer or TokenKind.Parameter ? parser.Expressions.Leaf() : throw tokens.SyntaxError();

    private Query Term() => tokens.Is(Symbol.LeftParenthesis) ? Parenthesized() : Select();

    /// <summary>ORDER BY, LIMIT and locking apply to the whole; to a single SELECT they are its own.</summary>
    private Query Tail(Query query)
    {
        var order = OptionalOrderBy();
        var limit = OptionalLimit();
        if (order.Count > 0 || limit is not null)
        {
            query = query.OrderBy.Count == 0 && query.Limit is null
                ? query with { OrderBy = order, Limit = limit }
                : throw Errors.NotSupported("ORDER BY or LIMIT on a parenthesised query that has its own");
        }

        var (kind, wait) = OptionalLock();
        if (tokens.Is(Keyword.Into))
        {
            throw Errors.NotSupported("SELECT … INTO");
        }

        return kind == RowLockKind.None
            ? query
            : query is SelectQuery select ? select with { Lock = kind, LockWait = wait } : throw Errors.NotSupported("locking a UNION");
    }

    private (RowLockKind Kind, LockWaitPolicy Wait) OptionalLock()
    {
        if (tokens.Accept(Keyword.Lock, Keyword.In))
        {
            tokens.Expect(Keyword.Share);
            return tokens.AcceptAny(Keyword.Mode) == Keyword.Mode ? (RowLockKind.Share, LockWaitPolicy.Wait) : throw tokens.SyntaxError();
        }

        if (!tokens.Accept(Keyword.For))
        {
            return default;
        }

        var kind = tokens.AcceptAny(Keyword.Update, Keyword.Share) switch
        {
            Keyword.Update => RowLockKind.Update,
            Keyword.Share => RowLockKind.Share,
            _ => throw tokens.SyntaxError(),
        };
        if (tokens.Current.Kind == TokenKind.Word && Matches("OF"u8))
        {
            throw Errors.NotSupported("FOR UPDATE OF");
        }

        var wait = LockWaitPolicy.Wait;
        if (tokens.Accept(Keyword.Nowait))
        {
            wait = LockWaitPolicy.NoWait;
        }
        else if (tokens.Accept(Keyword.Skip, Keyword.Locked))
        {
            wait = LockWaitPolicy.SkipLocked;
        }

        return (kind, wait);
    }

    private SelectQuery Select()
    {
        tokens.Expect(Keyword.Select);
        var distinct = false;
        var foundRows = false;
        while (SelectOption(ref distinct, ref foundRows))
        {
        }

        var items = new List<SelectItem>();
        do
        {
            items.Add(Item());
        }
        while (tokens.Accept(Symbol.Comma));

        var from = tokens.Accept(Keyword.From) && !tokens.Accept(Keyword.Dual) ? parser.Tables.Sources() : null;
        var where = tokens.Accept(Keyword.Where) ? parser.Expressions.Parse() : null;
        var groups = new List<Expression>();
        var rollup = false;
        if (tokens.Accept(Keyword.Group))
        {
            tokens.Expect(Keyword.By);
            groups = GroupList();
            rollup = tokens.Accept(Keyword.With, Keyword.Rollup);
        }

        var having = tokens.Accept(Keyword.Having) ? parser.Expressions.Parse() : null;
        if (tokens.Is(Keyword.Window))
        {
            throw Errors.NotSupported("WINDOW");
        }

        return rollup
            ? throw Errors.NotSupported("WITH ROLLUP")
            : new SelectQuery(distinct, items, from, where, groups, having) { CalculateFoundRows = foundRows };
    }

    /// <summary>ASC and DESC in GROUP BY were removed from MySQL 8.0, so they are syntax errors.</summary>
    private List<Expression> GroupList() => parser.Expressions.ParseList();

    private bool SelectOption(ref bool distinct, ref bool foundRows)
    {
        switch (tokens.AcceptAny(
            Keyword.All, Keyword.Distinct, Keyword.Distinctrow, Keyword.HighPriority, Keyword.StraightJoin, Keyword.SqlSmallResult,
            Keyword.SqlBigResult, Keyword.SqlCalcFoundRows))
        {
            case Keyword.None:
                // SQL_NO_CACHE and SQL_BUFFER_RESULT are not keywords here; they change nothing.
                if (tokens.Current.Kind == TokenKind.Word
                    && (Matches("SQL_NO_CACHE"u8) || Matches("SQL_CACHE"u8) || Matches("SQL_BUFFER_RESULT"u8)))
                {
                    tokens.Take();
                    return true;
                }

                return false;
            case Keyword.Distinct or Keyword.Distinctrow:
                distinct = true;
                return true;
            case Keyword.SqlCalcFoundRows:
                foundRows = true;
                return true;
            default:
                return true;
        }
    }

    private bool Matches(ReadOnlySpan<byte> word) => System.Text.Ascii.EqualsIgnoreCase(tokens.BytesOf(tokens.Current), word);

    private SelectItem Item()
    {
        var start = tokens.Current.Start;
        if (tokens.Accept(Symbol.Star))
        {
            return new SelectItem(null, null, "*", null, null);
        }

        if (tokens.AtName() && tokens.Ahead(1).Symbol == Symbol.Dot && QualifiedStar() is { } star)
        {
            return star;
        }

        var expression = parser.Expressions.Parse();
        var text = tokens.TextBetween(start, tokens.PreviousEnd);
        string? alias = null;
        if (tokens.Accept(Keyword.As) || tokens.AtName() || tokens.Current.Kind == TokenKind.String)
        {
            alias = tokens.NameOrString();
        }

        return new SelectItem(expression, alias, text, null, null);
    }

    private SelectItem? QualifiedStar()
    {
        if (tokens.Ahead(2).Symbol == Symbol.Star)
        {
            var table = tokens.Name();
            tokens.Take();
            tokens.Take();
            return new SelectItem(null, null, "*", null, table);
        }

        if (tokens.Ahead(3).Symbol == Symbol.Dot && tokens.Ahead(4).Symbol == Symbol.Star)
        {
            var schema = tokens.Name();
            tokens.Take();
            var table = tokens.AnyWord();
            tokens.Take();
            tokens.Take();
            return new SelectItem(null, null, "*", schema, table);
        }

        return null;
    }
}
