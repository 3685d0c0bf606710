using Cloud.Sql.Ast;

namespace Cloud.Sql.Parsing;

/// <summary>CREATE, DROP, ALTER, TRUNCATE and RENAME.</summary>
internal sealed class DdlParser(TokenReader tokens, SqlParser parser)
{
    private readonly TableDefinitionParser _definitions = new(tokens, parser);

    public Statement Create()
    {
        tokens.Expect(Keyword.Create);
        switch (tokens.Current.Keyword)
        {
            case Keyword.Database or Keyword.Schema:
                tokens.Take();
                return CreateDatabase();
            case Keyword.Table:
                tokens.Take();
                return CreateTable();
            case Keyword.Index:
                tokens.Take();
                return CreateIndex(IndexKind.Plain);
            case Keyword.Unique:
                tokens.Take();
                tokens.Expect(Keyword.Index);
                return CreateIndex(IndexKind.Unique);
            case Keyword.Temporary:
                throw Errors.NotSupported("temporary tables");
            case Keyword.User:
                throw Errors.NotSupported("CREATE USER: users are managed by the cloud's console or API");
            case Keyword.View or Keyword.Procedure or Keyword.Function or Keyword.Trigger or Keyword.Event or Keyword.Definer
                or Keyword.Algorithm or Keyword.Or or Keyword.Fulltext or Keyword.Spatial or Keyword.Tablespace:
                throw Errors.NotSupported($"CREATE {Keywords.TextOf(tokens.Current.Keyword)}");
            default:
                throw tokens.SyntaxError();
        }
    }

    public Statement Drop()
    {
        tokens.Expect(Keyword.Drop);
        switch (tokens.Current.Keyword)
        {
            case Keyword.Database or Keyword.Schema:
                tokens.Take();
                var databaseExists = IfExists();
                return new DropDatabaseStatement(tokens.Name(), databaseExists);
            case Keyword.Table or Keyword.Tables or Keyword.Temporary:
                tokens.Accept(Keyword.Temporary);
                if (tokens.AcceptAny(Keyword.Table, Keyword.Tables) == Keyword.None)
                {
                    throw tokens.SyntaxError();
                }

                var tablesExist = IfExists();
                var tables = parser.Tables.Names();
                _ = tokens.AcceptAny(Keyword.Restrict, Keyword.Cascade);
                return new DropTableStatement(tables, tablesExist);
            case Keyword.View:
                tokens.Take();
                var viewsExist = IfExists();
                return new DropViewStatement(parser.Tables.Names(), viewsExist);
            case Keyword.Index:
                tokens.Take();
                var index = tokens.Name();
                tokens.Expect(Keyword.On);
                var table = parser.Tables.Name();
                SkipAlgorithmAndLock();
                return new AlterTableStatement(table, [new DropIndex(index)]);
            case Keyword.User:
                throw Errors.NotSupported("DROP USER: users are managed by the cloud's console or API");
            case Keyword.Procedure or Keyword.Function or Keyword.Trigger or Keyword.Event:
                throw Errors.NotSupported($"DROP {Keywords.TextOf(tokens.Current.Keyword)}");
            default:
                throw tokens.SyntaxError();
        }
    }

    public Statement Alter()
    {
        tokens.Expect(Keyword.Alter);
        switch (tokens.AcceptAny(Keyword.Table, Keyword.Database, Keyword.Schema, Keyword.User, Keyword.View))
        {
            case Keyword.Table:
                var table = parser.Tables.Name();
                return new AlterTableStatement(table, new AlterationParser(tokens, parser, _definitions).Parse());
            case Keyword.Database or Keyword.Schema:
                var name = tokens.AtName() && !_definitions.AtOption() ? tokens.Name() : null;
                var options = _definitions.Options();
                return new AlterDatabaseStatement(name, options.Charset, options.Collation);
            case Keyword.User or Keyword.View:
                throw Errors.NotSupported("ALTER USER and ALTER VIEW");
            default:
                throw tokens.SyntaxError();
        }
    }

    public TruncateStatement Truncate()
    {
        tokens.Expect(Keyword.Truncate);
        tokens.Accept(Keyword.Table);
        return new TruncateStatement(parser.Tables.Name());
    }

    public RenameTableStatement Rename()
    {
        tokens.Expect(Keyword.Rename);
        if (tokens.AcceptAny(Keyword.Table, Keyword.Tables) == Keyword.None)
        {
            throw tokens.SyntaxError();
        }

        var renames = new List<(TableName From, TableName To)>();
        do
        {
            var from = parser.Tables.Name();
            tokens.Expect(Keyword.To);
            renames.Add((from, parser.Tables.Name()));
        }
        while (tokens.Accept(Symbol.Comma));
        return new RenameTableStatement(renames);
    }

    private CreateDatabaseStatement CreateDatabase()
    {
        var ifNotExists = IfNotExists();
        var name = tokens.Name();
        string? charset = null;
        string? collation = null;
        while (true)
        {
            tokens.Accept(Keyword.Default);
            if (parser.Types.OptionalCharset() is { } written)
            {
                charset = written;
            }
            else if (tokens.Accept(Keyword.Collate))
            {
                tokens.Accept(Symbol.Equal);
                collation = parser.Types.CollationName();
            }
            else if (tokens.Accept(Keyword.Encryption))
            {
                tokens.Accept(Symbol.Equal);
                tokens.String();
            }
            else
            {
                return new CreateDatabaseStatement(name, ifNotExists, charset, collation);
            }
        }
    }

    private Statement CreateTable()
    {
        var ifNotExists = IfNotExists();
        var name = parser.Tables.Name();
        if (Like() is { } source)
        {
            return new CreateTableLikeStatement(name, ifNotExists, source);
        }

        if (parser.Queries.BeginsQuery() || tokens.Is(Keyword.As))
        {
            throw Errors.NotSupported("CREATE TABLE … SELECT");
        }

        tokens.Expect(Symbol.LeftParenthesis);
        var columns = new List<ColumnSpec>();
        var indexes = new List<IndexSpec>();
        do
        {
            if (_definitions.OptionalIndex() is { } index)
            {
                indexes.Add(index);
            }
            else
            {
                columns.Add(_definitions.Column());
            }
        }
        while (tokens.Accept(Symbol.Comma));
        tokens.Expect(Symbol.RightParenthesis);
        var options = _definitions.Options();
        return parser.Queries.BeginsQuery() || tokens.Is(Keyword.As)
            ? throw Errors.NotSupported("CREATE TABLE … SELECT")
            : new CreateTableStatement(name, ifNotExists, columns, indexes, options);
    }

    private TableName? Like()
    {
        if (tokens.Accept(Keyword.Like))
        {
            return parser.Tables.Name();
        }

        if (tokens.Is(Symbol.LeftParenthesis) && tokens.Ahead(1).Keyword == Keyword.Like)
        {
            tokens.Take();
            tokens.Take();
            var source = parser.Tables.Name();
            tokens.Expect(Symbol.RightParenthesis);
            return source;
        }

        return null;
    }

    private AlterTableStatement CreateIndex(IndexKind kind)
    {
        var name = tokens.Name();
        if (tokens.Accept(Keyword.Using))
        {
            tokens.AnyWord();
        }

        tokens.Expect(Keyword.On);
        var table = parser.Tables.Name();
        var index = _definitions.Parts(kind, name);
        SkipAlgorithmAndLock();
        return new AlterTableStatement(table, [new AddIndex(index)]);
    }

    /// <summary>ALGORITHM and LOCK ask for at most what every change here gives: reads and writes go on.</summary>
    private void SkipAlgorithmAndLock()
    {
        while (tokens.AcceptAny(Keyword.Algorithm, Keyword.Lock) != Keyword.None)
        {
            tokens.Accept(Symbol.Equal);
            tokens.AnyWord();
        }
    }

    private bool IfNotExists()
    {
        if (!tokens.Accept(Keyword.If))
        {
            return false;
        }

        tokens.Expect(Keyword.Not);
        tokens.Expect(Keyword.Exists);
        return true;
    }

    private bool IfExists()
    {
        if (!tokens.Accept(Keyword.If))
        {
            return false;
        }

        tokens.Expect(Keyword.Exists);
        return true;
    }
}
