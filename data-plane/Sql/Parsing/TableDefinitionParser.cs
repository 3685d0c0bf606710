using Cloud.Sql.Ast;

namespace Cloud.Sql.Parsing;

/// <summary>Columns, indexes and options inside CREATE TABLE and ALTER TABLE.</summary>
internal sealed class TableDefinitionParser(TokenReader tokens, SqlParser parser)
{
    public ColumnSpec Column()
    {
        var name = tokens.Name();
        var type = parser.Types.Column();
        var column = new ColumnSpec(name, type);
        if (type.Name == "SERIAL")
        {
            column = column with
            {
                Type = new DataTypeSpec("BIGINT") { Unsigned = true }, Nullable = false, AutoIncrement = true, Unique = true,
            };
        }

        while (Attribute(ref column))
        {
        }

        return column;
    }

    private bool Attribute(ref ColumnSpec column)
    {
        switch (tokens.AcceptAny(
            Keyword.Not, Keyword.Null, Keyword.Default, Keyword.On, Keyword.AutoIncrement, Keyword.Primary, Keyword.Key, Keyword.Unique,
            Keyword.Comment, Keyword.Collate, Keyword.Visible))
        {
            case Keyword.Not:
                tokens.Expect(Keyword.Null);
                column = column with { Nullable = false };
                return true;
            case Keyword.Null:
                column = column with { Nullable = true };
                return true;
            case Keyword.Default:
                column = column with { Default = Default() };
                return true;
            case Keyword.On:
                tokens.Expect(Keyword.Update);
                Now();
                column = column with { OnUpdateNow = true };
                return true;
            case Keyword.AutoIncrement:
                column = column with { AutoIncrement = true };
                return true;
            case Keyword.Primary:
                tokens.Accept(Keyword.Key);
                column = column with { PrimaryKey = true };
                return true;
            case Keyword.Key:
                column = column with { PrimaryKey = true };
                return true;
            case Keyword.Unique:
                tokens.Accept(Keyword.Key);
                column = column with { Unique = true };
                return true;
            case Keyword.Comment:
                column = column with { Comment = tokens.StringText() };
                return true;
            case Keyword.Collate:
                column = column with { Type = column.Type with { Collation = parser.Types.CollationName() } };
                return true;
            case Keyword.Visible:
                return true;
            default:
                RefuseUnsupportedAttribute();
                return false;
        }
    }

    private void RefuseUnsupportedAttribute()
    {
        var feature = tokens.Current.Keyword switch
        {
            Keyword.References => "foreign keys",
            Keyword.Check or Keyword.Constraint => "CHECK constraints",
            Keyword.Generated or Keyword.As => "generated columns",
            Keyword.Invisible => "invisible columns",
            _ => null,
        };
        if (feature is not null)
        {
            throw Errors.NotSupported(feature);
        }
    }

    private Expression Default()
    {
        if (tokens.Is(Symbol.LeftParenthesis))
        {
            throw Errors.NotSupported("expressions as DEFAULT");
        }

        return tokens.Is(Keyword.CurrentTimestamp) || tokens.Is(Keyword.Localtime) || tokens.Is(Keyword.Localtimestamp)
            || (tokens.Ahead(1).Symbol == Symbol.LeftParenthesis && tokens.Current.Kind == TokenKind.Word)
            ? Now()
            : parser.Expressions.SignedLiteral();
    }

    private FunctionCall Now()
    {
        var at = tokens.Current;
        var call = parser.Expressions.Leaf() as FunctionCall;
        return call is { Name: "NOW" } ? call : throw tokens.SyntaxError(at);
    }

    /// <summary>An index in a table definition, or null when a column follows.</summary>
    public IndexSpec? OptionalIndex()
    {
        string? constraint = null;
        if (tokens.Accept(Keyword.Constraint) && tokens.AtName())
        {
            constraint = tokens.Name();
        }

        var word = tokens.AcceptAny(
            Keyword.Primary, Keyword.Unique, Keyword.Index, Keyword.Key, Keyword.Fulltext, Keyword.Spatial, Keyword.Foreign, Keyword.Check);
        switch (word)
        {
            case Keyword.Primary:
                tokens.Expect(Keyword.Key);
                return Parts(IndexKind.Primary, "PRIMARY");
            case Keyword.Unique:
                _ = tokens.AcceptAny(Keyword.Index, Keyword.Key);
                return Parts(IndexKind.Unique, tokens.AtName() ? tokens.Name() : constraint);
            case Keyword.Index or Keyword.Key:
                return Parts(IndexKind.Plain, tokens.AtName() ? tokens.Name() : null);
            case Keyword.None:
                return constraint is null ? null : throw tokens.SyntaxError();
            default:
                throw Errors.NotSupported(word switch
                {
                    Keyword.Fulltext => "FULLTEXT indexes",
                    Keyword.Spatial => "SPATIAL indexes",
                    Keyword.Foreign => "foreign keys",
                    _ => "CHECK constraints",
                });
        }
    }

    /// <summary>The columns and options of an index whose kind and name were read.</summary>
    public IndexSpec Parts(IndexKind kind, string? name)
    {
        IndexType();
        tokens.Expect(Symbol.LeftParenthesis);
        var parts = new List<IndexPartSpec>();
        do
        {
            if (tokens.Is(Symbol.LeftParenthesis))
            {
                throw Errors.NotSupported("indexes on expressions");
            }

            var column = tokens.Name();
            int? prefix = null;
            if (tokens.Accept(Symbol.LeftParenthesis))
            {
                prefix = tokens.SmallInteger();
                tokens.Expect(Symbol.RightParenthesis);
            }

            var descending = tokens.AcceptAny(Keyword.Asc, Keyword.Desc) == Keyword.Desc;
            parts.Add(new IndexPartSpec(column, prefix, descending));
        }
        while (tokens.Accept(Symbol.Comma));
        tokens.Expect(Symbol.RightParenthesis);
        return new IndexSpec(kind, name, parts, IndexOptions());
    }

    private void IndexType()
    {
        if (tokens.Accept(Keyword.Using) && tokens.AcceptAny(Keyword.Btree, Keyword.Hash) == Keyword.None)
        {
            throw tokens.SyntaxError();
        }
    }

    private string IndexOptions()
    {
        var comment = string.Empty;
        while (true)
        {
            if (tokens.Accept(Keyword.Comment))
            {
                comment = tokens.StringText();
            }
            else if (tokens.Accept(Keyword.KeyBlockSize))
            {
                tokens.Accept(Symbol.Equal);
                tokens.UnsignedInteger();
            }
            else if (tokens.Is(Keyword.Using))
            {
                IndexType();
            }
            else if (tokens.Is(Keyword.Invisible) || tokens.Is(Keyword.With))
            {
                throw Errors.NotSupported("invisible indexes and parsers");
            }
            else if (!tokens.Accept(Keyword.Visible))
            {
                return comment;
            }
        }
    }

    /// <summary>Table options; those of storage engines that have no meaning here are accepted and dropped, as InnoDB drops others'.</summary>
    public TableOptions Options()
    {
        var options = new TableOptions();
        while (Option(ref options))
        {
            tokens.Accept(Symbol.Comma);
        }

        if (tokens.Is(Keyword.Partition))
        {
            throw Errors.NotSupported("partitions");
        }

        return options;
    }

    public bool AtOption() => tokens.Current.Keyword is Keyword.Engine or Keyword.Default or Keyword.Charset or Keyword.Character
        or Keyword.Collate or Keyword.AutoIncrement or Keyword.Comment or Keyword.RowFormat or Keyword.KeyBlockSize or Keyword.MaxRows
        or Keyword.MinRows or Keyword.AvgRowLength or Keyword.Checksum or Keyword.DelayKeyWrite or Keyword.PackKeys
        or Keyword.StatsAutoRecalc or Keyword.StatsPersistent or Keyword.StatsSamplePages or Keyword.Compression or Keyword.Encryption;

    private bool Option(ref TableOptions options)
    {
        if (!AtOption())
        {
            return false;
        }

        tokens.Accept(Keyword.Default);
        if (parser.Types.OptionalCharset() is { } charset)
        {
            options = options with { Charset = charset };
            return true;
        }

        var word = tokens.Take().Keyword;
        tokens.Accept(Symbol.Equal);
        switch (word)
        {
            case Keyword.Collate:
                options = options with { Collation = parser.Types.CollationName() };
                break;
            case Keyword.AutoIncrement:
                options = options with { AutoIncrement = tokens.UnsignedInteger() };
                break;
            case Keyword.Comment:
                options = options with { Comment = tokens.StringText() };
                break;
            case Keyword.Engine:
                options = options with { Engine = tokens.NameOrString() };
                break;
            case Keyword.RowFormat:
                tokens.AnyWord();
                break;
            case Keyword.Compression or Keyword.Encryption:
                tokens.String();
                break;
            default:
                if (!tokens.Accept(Keyword.Default))
                {
                    tokens.UnsignedInteger();
                }

                break;
        }

        return true;
    }
}
