using Cloud.Sql.Ast;

namespace Cloud.Sql.Parsing;

/// <summary>INSERT, REPLACE, UPDATE and DELETE.</summary>
internal sealed class DmlParser(TokenReader tokens, SqlParser parser)
{
    public InsertStatement Insert()
    {
        var kind = tokens.Take().Keyword == Keyword.Replace ? InsertKind.Replace : InsertKind.Insert;
        _ = tokens.AcceptAny(Keyword.LowPriority, Keyword.Delayed, Keyword.HighPriority);
        if (kind == InsertKind.Insert && tokens.Accept(Keyword.Ignore))
        {
            kind = InsertKind.Ignore;
        }

        tokens.Accept(Keyword.Into);
        var table = parser.Tables.Name();
        if (tokens.Accept(Keyword.Set))
        {
            return SetForm(kind, table);
        }

        var columns = new List<string>();
        if (tokens.Is(Symbol.LeftParenthesis) && !parser.Queries.BeginsQuery(1))
        {
            columns = Columns();
        }

        List<IReadOnlyList<Expression>>? rows = null;
        Query? source = null;
        if (tokens.AcceptAny(Keyword.Values, Keyword.Value) != Keyword.None)
        {
            rows = Rows();
        }
        else if (parser.Queries.BeginsQuery())
        {
            source = parser.Queries.Parse();
        }
        else
        {
            throw tokens.SyntaxError();
        }

        return new InsertStatement(kind, table, columns, rows, source, OnDuplicate(kind));
    }

    public UpdateStatement Update()
    {
        tokens.Expect(Keyword.Update);
        tokens.Accept(Keyword.LowPriority);
        var ignore = tokens.Accept(Keyword.Ignore);
        var target = parser.Tables.Sources();
        tokens.Expect(Keyword.Set);
        var assignments = Assignments();
        var where = tokens.Accept(Keyword.Where) ? parser.Expressions.Parse() : null;
        var order = parser.Queries.OptionalOrderBy();
        var limit = tokens.Accept(Keyword.Limit) ? parser.Queries.LimitNumber() : null;
        return new UpdateStatement(ignore, target, assignments, where, order, limit);
    }

    public DeleteStatement Delete()
    {
        tokens.Expect(Keyword.Delete);
        tokens.Accept(Keyword.LowPriority);
        _ = tokens.AcceptAny(Keyword.Quick);
        if (tokens.Accept(Keyword.Ignore))
        {
            throw Errors.NotSupported("DELETE IGNORE");
        }

        var targets = new List<TableName>();
        if (!tokens.Accept(Keyword.From))
        {
            // DELETE t1, t2 FROM t1 JOIN t2 …
            targets = Targets();
            tokens.Expect(Keyword.From);
        }

        TableSource from;
        var begin = tokens.Current;
        if (targets.Count == 0 && MultipleTargetsFollow())
        {
            // DELETE FROM t1, t2 USING t1 JOIN t2 …
            targets = Targets();
            tokens.Expect(Keyword.Using);
        }

        from = targets.Count > 0 ? parser.Tables.Sources() : SingleTable(begin);
        var where = tokens.Accept(Keyword.Where) ? parser.Expressions.Parse() : null;
        var order = parser.Queries.OptionalOrderBy();
        var limit = tokens.Accept(Keyword.Limit) ? parser.Queries.LimitNumber() : null;
        return new DeleteStatement(targets, from, where, order, limit);
    }

    private NamedTable SingleTable(Token begin) => parser.Tables.Sources() as NamedTable ?? throw tokens.SyntaxError(begin);

    private bool MultipleTargetsFollow()
    {
        for (var i = 0; ; i++)
        {
            var token = tokens.Ahead(i);
            if (token.Keyword == Keyword.Using)
            {
                return true;
            }

            var partOfName = token.Kind is TokenKind.Word or TokenKind.QuotedIdentifier && !Keywords.IsReserved(token.Keyword);
            if (!partOfName && token.Symbol is not (Symbol.Comma or Symbol.Dot or Symbol.Star))
            {
                return false;
            }
        }
    }

    private List<TableName> Targets()
    {
        var targets = new List<TableName>();
        do
        {
            var first = tokens.Name();
            var name = new TableName(null, first);
            while (tokens.Accept(Symbol.Dot))
            {
                if (!tokens.Accept(Symbol.Star))
                {
                    name = new TableName(first, tokens.AnyWord());
                }
            }

            targets.Add(name);
        }
        while (tokens.Accept(Symbol.Comma));
        return targets;
    }

    private InsertStatement SetForm(InsertKind kind, TableName table)
    {
        var assignments = Assignments();
        var columns = assignments.ConvertAll(assignment => assignment.Column.Name);
        IReadOnlyList<Expression> row = assignments.ConvertAll(assignment => assignment.Value);
        return new InsertStatement(kind, table, columns, [row], Source: null, OnDuplicate(kind));
    }

    private List<string> Columns()
    {
        var columns = new List<string>();
        tokens.Expect(Symbol.LeftParenthesis);
        if (tokens.Accept(Symbol.RightParenthesis))
        {
            return columns;
        }

        do
        {
            var name = tokens.Name();
            while (tokens.Accept(Symbol.Dot))
            {
                name = tokens.AnyWord();
            }

            columns.Add(name);
        }
        while (tokens.Accept(Symbol.Comma));
        tokens.Expect(Symbol.RightParenthesis);
        return columns;
    }

    private List<IReadOnlyList<Expression>> Rows()
    {
        var rows = new List<IReadOnlyList<Expression>>();
        do
        {
            tokens.Accept(Keyword.Row);
            tokens.Expect(Symbol.LeftParenthesis);
            var row = new List<Expression>();
            if (!tokens.Is(Symbol.RightParenthesis))
            {
                do
                {
                    row.Add(ValueOrDefault());
                }
                while (tokens.Accept(Symbol.Comma));
            }

            tokens.Expect(Symbol.RightParenthesis);
            rows.Add(row);
        }
        while (tokens.Accept(Symbol.Comma));
        return rows;
    }

    private Expression ValueOrDefault()
    {
        if (tokens.Is(Keyword.Default) && tokens.Ahead(1).Symbol != Symbol.LeftParenthesis)
        {
            return new DefaultExpression(null) { Start = tokens.Take().Start };
        }

        return parser.Expressions.Parse();
    }

    private List<Assignment> Assignments()
    {
        var assignments = new List<Assignment>();
        do
        {
            var at = tokens.Current;
            var column = parser.Expressions.Leaf() as ColumnReference ?? throw tokens.SyntaxError(at);
            if (!tokens.Accept(Symbol.Assign))
            {
                tokens.Expect(Symbol.Equal);
            }

            assignments.Add(new Assignment(column, ValueOrDefault()));
        }
        while (tokens.Accept(Symbol.Comma));
        return assignments;
    }

    private List<Assignment> OnDuplicate(InsertKind kind)
    {
        if (tokens.Is(Keyword.As))
        {
            throw Errors.NotSupported("a row alias in INSERT");
        }

        if (kind == InsertKind.Replace || !tokens.Accept(Keyword.On))
        {
            return [];
        }

        tokens.Expect(Keyword.Duplicate);
        tokens.Expect(Keyword.Key);
        tokens.Expect(Keyword.Update);
        return Assignments();
    }
}
