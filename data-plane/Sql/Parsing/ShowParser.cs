using Cloud.Sql.Ast;

namespace Cloud.Sql.Parsing;

/// <summary>SHOW, DESCRIBE and EXPLAIN.</summary>
internal sealed class ShowParser(TokenReader tokens, SqlParser parser)
{
    public Statement Show()
    {
        tokens.Expect(Keyword.Show);
        var full = tokens.Accept(Keyword.Full);
        if (!full && tokens.Accept(Keyword.Extended))
        {
            full = tokens.Accept(Keyword.Full);
        }

        var scope = tokens.AcceptAny(Keyword.Global, Keyword.Session, Keyword.Local);
        var show = Kind(full) with { Global = scope == Keyword.Global };
        return show;
    }

    /// <summary>DESCRIBE table [column], or EXPLAIN of a statement.</summary>
    public Statement Describe()
    {
        tokens.Take();
        if (tokens.Is(Keyword.Analyze))
        {
            throw Errors.NotSupported("EXPLAIN ANALYZE");
        }

        var tree = true;
        if (tokens.Accept(Keyword.Format))
        {
            tokens.Expect(Symbol.Equal);
            var format = tokens.NameOrString().ToUpperInvariant();
            tree = format switch
            {
                "TREE" => true,
                "TRADITIONAL" or "BRIEF" or "ROW" => false,
                _ => throw Errors.NotSupported($"EXPLAIN FORMAT={format}"),
            };
        }

        if (parser.Queries.BeginsQuery()
            || tokens.Current.Keyword is Keyword.Insert or Keyword.Replace or Keyword.Update or Keyword.Delete)
        {
            return new ExplainStatement(parser.Explainable(), tree);
        }

        var table = parser.Tables.Name();
        Expression? like = null;
        if (tokens.Current.Kind is TokenKind.String)
        {
            like = parser.Expressions.Leaf();
        }
        else if (tokens.AtName())
        {
            like = new Literal(LiteralKind.String, string.Empty, System.Text.Encoding.UTF8.GetBytes(tokens.Name()));
        }

        return new ShowStatement(ShowKind.Columns) { Table = table, Like = like };
    }

    private ShowStatement Kind(bool full)
    {
        var word = tokens.Take();
        switch (word.Keyword)
        {
            case Keyword.Databases or Keyword.Schemas:
                return Filtered(new ShowStatement(ShowKind.Databases));
            case Keyword.Tables:
                return Filtered(new ShowStatement(ShowKind.Tables) { Full = full, Schema = FromSchema() });
            case Keyword.Table when tokens.Accept(Keyword.Status):
                return Filtered(new ShowStatement(ShowKind.TableStatus) { Schema = FromSchema() });
            case Keyword.Open when tokens.Accept(Keyword.Tables):
                return Filtered(new ShowStatement(ShowKind.OpenTables) { Schema = FromSchema() });
            case Keyword.Columns or Keyword.Fields:
                return Filtered(new ShowStatement(ShowKind.Columns) { Full = full, Table = FromTable() });
            case Keyword.Index or Keyword.Indexes or Keyword.Keys:
                return Filtered(new ShowStatement(ShowKind.Index) { Table = FromTable() });
            case Keyword.Create:
                return Create();
            case Keyword.Variables:
                return Filtered(new ShowStatement(ShowKind.Variables));
            case Keyword.Status:
                return Filtered(new ShowStatement(ShowKind.Status));
            case Keyword.Warnings:
                return new ShowStatement(ShowKind.Warnings) { Limit = parser.Queries.OptionalLimit() };
            case Keyword.Errors:
                return new ShowStatement(ShowKind.Errors) { Limit = parser.Queries.OptionalLimit() };
            case Keyword.Count:
                return Count();
            case Keyword.Engines:
                return new ShowStatement(ShowKind.Engines);
            case Keyword.Storage when tokens.Accept(Keyword.Engines):
                return new ShowStatement(ShowKind.Engines);
            case Keyword.Charset:
                return Filtered(new ShowStatement(ShowKind.CharacterSets));
            case Keyword.Character when tokens.Accept(Keyword.Set):
                return Filtered(new ShowStatement(ShowKind.CharacterSets));
            case Keyword.Collation:
                return Filtered(new ShowStatement(ShowKind.Collations));
            case Keyword.Processlist:
                return new ShowStatement(ShowKind.ProcessList) { Full = full };
            case Keyword.Grants:
                return Grants();
            case Keyword.Triggers:
                return Filtered(new ShowStatement(ShowKind.Triggers) { Schema = FromSchema() });
            case Keyword.Events:
                return Filtered(new ShowStatement(ShowKind.Events) { Schema = FromSchema() });
            case Keyword.Procedure when tokens.Accept(Keyword.Status):
                return Filtered(new ShowStatement(ShowKind.ProcedureStatus));
            case Keyword.Function when tokens.Accept(Keyword.Status):
                return Filtered(new ShowStatement(ShowKind.FunctionStatus));
            case Keyword.Plugins:
                return new ShowStatement(ShowKind.Plugins);
            case Keyword.Privileges:
                return new ShowStatement(ShowKind.Privileges);
            case Keyword.Master when tokens.Accept(Keyword.Status):
                return new ShowStatement(ShowKind.MasterStatus);
            case Keyword.Slave or Keyword.Replica when tokens.Accept(Keyword.Status):
                return new ShowStatement(ShowKind.SlaveStatus);
            default:
                throw tokens.SyntaxError(word);
        }
    }

    private ShowStatement Count()
    {
        tokens.Expect(Symbol.LeftParenthesis);
        tokens.Expect(Symbol.Star);
        tokens.Expect(Symbol.RightParenthesis);
        return tokens.AcceptAny(Keyword.Warnings, Keyword.Errors) switch
        {
            Keyword.Warnings => new ShowStatement(ShowKind.CountWarnings),
            Keyword.Errors => new ShowStatement(ShowKind.CountErrors),
            _ => throw tokens.SyntaxError(),
        };
    }

    private ShowStatement Create()
    {
        switch (tokens.AcceptAny(Keyword.Table, Keyword.Database, Keyword.Schema))
        {
            case Keyword.Table:
                return new ShowStatement(ShowKind.CreateTable) { Table = parser.Tables.Name() };
            case Keyword.Database or Keyword.Schema:
                var ifNotExists = tokens.Accept(Keyword.If);
                if (ifNotExists)
                {
                    tokens.Expect(Keyword.Not);
                    tokens.Expect(Keyword.Exists);
                }

                return new ShowStatement(ShowKind.CreateDatabase) { Schema = tokens.Name(), IfNotExists = ifNotExists };
            default:
                throw Errors.NotSupported("SHOW CREATE of anything but tables and databases");
        }
    }

    private ShowStatement Grants()
    {
        if (tokens.Accept(Keyword.For))
        {
            // Whose grants: every user may look at its own only, which is all there is to show.
            if (!tokens.Accept(Keyword.CurrentUser))
            {
                tokens.NameOrString();
                if (tokens.Current.Kind == TokenKind.UserVariable)
                {
                    tokens.Take();
                }
            }
            else if (tokens.Accept(Symbol.LeftParenthesis))
            {
                tokens.Expect(Symbol.RightParenthesis);
            }
        }

        return new ShowStatement(ShowKind.Grants);
    }

    private string? FromSchema() => tokens.AcceptAny(Keyword.From, Keyword.In) == Keyword.None ? null : tokens.Name();

    private TableName FromTable()
    {
        if (tokens.AcceptAny(Keyword.From, Keyword.In) == Keyword.None)
        {
            throw tokens.SyntaxError();
        }

        var table = parser.Tables.Name();
        return FromSchema() is { } schema ? table with { Schema = schema } : table;
    }

    private ShowStatement Filtered(ShowStatement show)
    {
        if (tokens.Accept(Keyword.Like))
        {
            return show with { Like = parser.Expressions.Leaf() };
        }

        return tokens.Accept(Keyword.Where) ? show with { Where = parser.Expressions.Parse() } : show;
    }
}
