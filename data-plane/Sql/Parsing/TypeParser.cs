using Cloud.Sql.Ast;

namespace Cloud.Sql.Parsing;

/// <summary>Data types of columns and of CAST. Source: MySQL 8.0 Reference Manual §11 "Data Types".</summary>
internal sealed class TypeParser(TokenReader tokens)
{
    public DataTypeSpec Column()
    {
        var word = tokens.Take();
        switch (word.Keyword)
        {
            case Keyword.Tinyint or Keyword.Smallint or Keyword.Mediumint or Keyword.Bigint:
                return Number(Keywords.TextOf(word.Keyword));
            case Keyword.Int or Keyword.Integer:
                return Number("INT");
            case Keyword.Bool or Keyword.Boolean:
                return new DataTypeSpec("TINYINT") { Length = 1 };
            case Keyword.Serial:
                return new DataTypeSpec("SERIAL");
            case Keyword.Decimal or Keyword.Dec or Keyword.Numeric or Keyword.Fixed:
                return Number("DECIMAL");
            case Keyword.Float:
                return Number("FLOAT");
            case Keyword.Double or Keyword.Real:
                tokens.Accept(Keyword.Precision);
                return Number("DOUBLE");
            case Keyword.Bit:
                return Sized("BIT");
            case Keyword.Char or Keyword.Character or Keyword.Nchar:
                return Character(tokens.Accept(Keyword.Varying) ? "VARCHAR" : "CHAR");
            case Keyword.National:
                return National();
            case Keyword.Varchar or Keyword.Nvarchar:
                return Character("VARCHAR");
            case Keyword.Binary or Keyword.Varbinary or Keyword.Blob:
                return Sized(Keywords.TextOf(word.Keyword));
            case Keyword.Tinyblob or Keyword.Mediumblob or Keyword.Longblob:
                return new DataTypeSpec(Keywords.TextOf(word.Keyword));
            case Keyword.Text or Keyword.Tinytext or Keyword.Mediumtext or Keyword.Longtext:
                return Character(Keywords.TextOf(word.Keyword));
            case Keyword.Long:
                return tokens.Accept(Keyword.Varbinary) ? new DataTypeSpec("MEDIUMBLOB") : Character("MEDIUMTEXT");
            case Keyword.Date:
                return new DataTypeSpec("DATE");
            case Keyword.Time or Keyword.Datetime or Keyword.Timestamp or Keyword.Year:
                return Sized(Keywords.TextOf(word.Keyword));
            case Keyword.Json or Keyword.Enum or Keyword.Geometry or Keyword.Geometrycollection:
                throw Errors.NotSupported($"the {Keywords.TextOf(word.Keyword)} type");
            case Keyword.Set:
                throw Errors.NotSupported("the SET type");
            default:
                throw tokens.SyntaxError(word);
        }
    }

    /// <summary>The target of CAST and CONVERT.</summary>
    public DataTypeSpec CastTarget()
    {
        var word = tokens.Take();
        switch (word.Keyword)
        {
            case Keyword.Signed or Keyword.Unsigned:
                _ = tokens.AcceptAny(Keyword.Integer, Keyword.Int);
                return new DataTypeSpec(Keywords.TextOf(word.Keyword));
            case Keyword.Decimal or Keyword.Dec:
                return Number("DECIMAL");
            case Keyword.Double or Keyword.Real:
                tokens.Accept(Keyword.Precision);
                return new DataTypeSpec("DOUBLE");
            case Keyword.Float:
                return Sized("FLOAT");
            case Keyword.Binary:
                return Sized("BINARY");
            case Keyword.Char or Keyword.Character or Keyword.Nchar:
                return Character("CHAR");
            case Keyword.Date or Keyword.Time or Keyword.Datetime or Keyword.Year:
                return Sized(Keywords.TextOf(word.Keyword));
            case Keyword.Json:
                throw Errors.NotSupported("CAST to JSON");
            default:
                throw tokens.SyntaxError(word);
        }
    }

    /// <summary>CHARACTER SET or CHARSET with its name; null when neither follows.</summary>
    public string? OptionalCharset()
    {
        if (tokens.Accept(Keyword.Charset) || tokens.Accept(Keyword.Character, Keyword.Set) || tokens.Accept(Keyword.Char, Keyword.Set))
        {
            tokens.Accept(Symbol.Equal);
            return CharsetName();
        }

        return null;
    }

    public string CharsetName() => (tokens.Accept(Keyword.Binary) ? "binary" : tokens.NameOrString()).ToLowerInvariant();

    public string CollationName() => CharsetName();

    private DataTypeSpec Number(string name)
    {
        var type = Sized(name, decimals: true);
        while (true)
        {
            switch (tokens.AcceptAny(Keyword.Unsigned, Keyword.Signed, Keyword.Zerofill))
            {
                case Keyword.Unsigned:
                    type = type with { Unsigned = true };
                    break;
                case Keyword.Zerofill:
                    type = type with { Unsigned = true, Zerofill = true };
                    break;
                case Keyword.Signed:
                    break;
                default:
                    return type;
            }
        }
    }

    private DataTypeSpec Sized(string name, bool decimals = false)
    {
        if (!tokens.Accept(Symbol.LeftParenthesis))
        {
            return new DataTypeSpec(name);
        }

        var length = tokens.SmallInteger();
        int? scale = decimals && tokens.Accept(Symbol.Comma) ? tokens.SmallInteger() : null;
        tokens.Expect(Symbol.RightParenthesis);
        return new DataTypeSpec(name) { Length = length, Decimals = scale };
    }

    private DataTypeSpec National()
    {
        if (tokens.AcceptAny(Keyword.Varchar) != Keyword.None)
        {
            return Character("VARCHAR") with { Charset = "utf8mb3" };
        }

        if (tokens.AcceptAny(Keyword.Char, Keyword.Character) == Keyword.None)
        {
            throw tokens.SyntaxError();
        }

        return Character(tokens.Accept(Keyword.Varying) ? "VARCHAR" : "CHAR") with { Charset = "utf8mb3" };
    }

    private DataTypeSpec Character(string name)
    {
        var type = Sized(name);
        while (true)
        {
            if (OptionalCharset() is { } charset)
            {
                type = type with { Charset = charset };
            }
            else if (tokens.Accept(Keyword.Binary))
            {
                type = type with { BinaryCollation = true };
            }
            else if (tokens.Accept(Keyword.Ascii) || tokens.Accept(Keyword.Unicode))
            {
                // Old names of character sets; all text is UTF-8.
                type = type with { Charset = "utf8mb4" };
            }
            else if (tokens.Accept(Keyword.Collate))
            {
                type = type with { Collation = CollationName() };
            }
            else
            {
                return type;
            }
        }
    }
}
