using System.Runtime.CompilerServices;
using System.Text;

namespace Cloud.Sql.Parsing;

/// <summary>A cursor over the tokens of one text, with the questions that a recursive-descent parser asks. Not thread-safe.</summary>
internal sealed class TokenReader
{
    /// <summary>Deepest nesting of parentheses, subqueries and joins.</summary>
    private const int NestingMax = 200;

    /// <summary>MySQL shows at most this much of the text in a syntax error.</summary>
    private const int NearCharactersMax = 80;

    private readonly List<Token> _tokens = [];
    private ReadOnlyMemory<byte> _text;
    private int _index;
    private int _depth;

    public int ParameterCount { get; private set; }

    public Token Current => _tokens[_index];

    public bool AtEnd => Current.Kind == TokenKind.End;

    /// <summary>Where the last consumed token ends, in bytes of the text.</summary>
    public int PreviousEnd => _index == 0 ? 0 : _tokens[_index - 1].End;

    public void Load(ReadOnlyMemory<byte> text)
    {
        _text = text;
        _index = 0;
        _depth = 0;
        ParameterCount = 0;
        Lexer.Tokenize(text, _tokens);
    }

    public void BeginStatement()
    {
        _depth = 0;
        ParameterCount = 0;
    }

    public Token Ahead(int offset) => _tokens[Math.Min(_index + offset, _tokens.Count - 1)];

    public ReadOnlySpan<byte> BytesOf(Token token) => _text.Span.Slice(token.Start, token.Length);

    public string TextBetween(int start, int end) => Encoding.UTF8.GetString(_text.Span[start..end]);

    /// <summary>Consumes the current token; the last one is never passed.</summary>
    public Token Take()
    {
        var token = _tokens[_index];
        if (_index < _tokens.Count - 1)
        {
            _index++;
        }

        return token;
    }

    public bool Is(Keyword keyword) => Current.Keyword == keyword;

    public bool Is(Symbol symbol) => Current.Symbol == symbol;

    public bool Is(Keyword first, Keyword second) => Is(first) && Ahead(1).Keyword == second;

    public bool Accept(Keyword keyword)
    {
        if (Current.Keyword != keyword)
        {
            return false;
        }

        Take();
        return true;
    }

    public bool Accept(Symbol symbol)
    {
        if (Current.Symbol != symbol)
        {
            return false;
        }

        Take();
        return true;
    }

    /// <summary>Consumes both words, or nothing.</summary>
    public bool Accept(Keyword first, Keyword second)
    {
        if (!Is(first, second))
        {
            return false;
        }

        Take();
        Take();
        return true;
    }

    /// <summary>Consumes whichever of the words comes next; None when it is none of them.</summary>
    public Keyword AcceptAny(params ReadOnlySpan<Keyword> keywords) =>
        keywords.Contains(Current.Keyword) && Current.Keyword != Keyword.None ? Take().Keyword : Keyword.None;

    public void Expect(Keyword keyword)
    {
        if (!Accept(keyword))
        {
            throw SyntaxError();
        }
    }

    public void Expect(Symbol symbol)
    {
        if (!Accept(symbol))
        {
            throw SyntaxError();
        }
    }

    /// <summary>A name: a quoted identifier or a word that is not reserved.</summary>
    public string Name()
    {
        if (!AtName())
        {
            throw SyntaxError();
        }

        var name = QuotedText.NameOf(BytesOf(Take()));
        return name.Length is > 0 and <= SqlLimits.NameCharactersMax ? name : throw Errors.NameTooLong(name);
    }

    public bool AtName() =>
        Current.Kind == TokenKind.QuotedIdentifier || (Current.Kind == TokenKind.Word && !Keywords.IsReserved(Current.Keyword));

    /// <summary>A name or a string, as aliases, character sets and engines may be written.</summary>
    public string NameOrString() => Current.Kind == TokenKind.String ? Encoding.UTF8.GetString(String()) : Name();

    /// <summary>A name that may be any word, also a reserved one, as behind a point.</summary>
    public string AnyWord()
    {
        if (Current.Kind is not (TokenKind.Word or TokenKind.QuotedIdentifier))
        {
            throw SyntaxError();
        }

        return QuotedText.NameOf(BytesOf(Take()));
    }

    public byte[] String() =>
        Current.Kind == TokenKind.String ? QuotedText.Unquote(BytesOf(Take())) : throw SyntaxError();

    public string StringText() => Encoding.UTF8.GetString(String());

    public ulong UnsignedInteger()
    {
        if (Current.Kind != TokenKind.Integer || !ulong.TryParse(BytesOf(Current), out var value))
        {
            throw SyntaxError();
        }

        Take();
        return value;
    }

    public int SmallInteger()
    {
        var at = Current;
        var value = UnsignedInteger();
        return value <= int.MaxValue ? (int)value : throw SyntaxError(at);
    }

    public int NextParameter() => ParameterCount++;

    /// <summary>Enters a nested construct; <see cref="Leave"/> must follow.</summary>
    public void Enter()
    {
        if (++_depth > NestingMax || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Errors.TooDeep();
        }
    }

    public void Leave() => _depth--;

    /// <summary>Error 1064 that points at the current token.</summary>
    public SqlException SyntaxError() => SyntaxError(Current);

    /// <summary>Error 1064 that points at the first question mark.</summary>
    public SqlException SyntaxErrorAtParameter() => SyntaxError(_tokens.Find(token => token.Kind == TokenKind.Parameter));

    public SqlException SyntaxError(Token token)
    {
        var line = _text.Span[..token.Start].Count((byte)'\n') + 1;
        var rest = _text.Span[token.Start..];
        var near = Encoding.UTF8.GetString(rest[..Math.Min(rest.Length, NearCharactersMax * 4)]);
        return Errors.Syntax(near.Length > NearCharactersMax ? near[..NearCharactersMax] : near, line);
    }
}
