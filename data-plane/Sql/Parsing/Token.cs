namespace Cloud.Sql.Parsing;

internal enum TokenKind : byte
{
    End,

    /// <summary>An unquoted word, which may also be a keyword.</summary>
    Word,
    QuotedIdentifier,
    String,
    Integer,
    Decimal,
    Float,
    Hex,
    Bits,

    /// <summary><c>@name</c>, <c>@'name'</c> or <c>@`name`</c>; the token is the name with its quotes.</summary>
    UserVariable,

    /// <summary><c>@@</c>; the words that follow are tokens of their own.</summary>
    SystemVariable,
    Parameter,
    Symbol,

    /// <summary>Text that is no token, such as a string without an end.</summary>
    Invalid,
}

internal enum Symbol : byte
{
    None,
    LeftParenthesis,
    RightParenthesis,
    Comma,
    Dot,
    Semicolon,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Ampersand,
    Pipe,
    Caret,
    Tilde,
    Exclamation,
    Equal,
    NullSafeEqual,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    ShiftLeft,
    ShiftRight,
    AndAnd,
    OrOr,
    Assign,
    LeftBrace,
    RightBrace,
}

/// <summary>A token: a range of the text with its meaning. 12 bytes, so that long INSERTs stay cheap.</summary>
internal readonly struct Token(TokenKind kind, int start, int length, Keyword keyword = Keyword.None, Symbol symbol = Symbol.None)
{
    public int Start { get; } = start;

    public int Length { get; } = length;

    public Keyword Keyword { get; } = keyword;

    public TokenKind Kind { get; } = kind;

    public Symbol Symbol { get; } = symbol;

    public int End => Start + Length;
}
