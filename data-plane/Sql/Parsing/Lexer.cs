using System.Text;

namespace Cloud.Sql.Parsing;

/// <summary>
/// Splits the UTF-8 text of statements into tokens. Text that is no token becomes one <see cref="TokenKind.Invalid"/> token, after which
/// lexing ends: statements before it still run, as in MySQL.
/// Source: MySQL 8.0 Reference Manual §9 "Language Structure".
/// </summary>
internal sealed class Lexer
{
    /// <summary>Version-conditional comments up to this version are executed; it is the version the server announces.</summary>
    private const int ServerVersionNumber = 80036;

    private readonly List<Token> _tokens;
    private ReadOnlyMemory<byte> _memory;
    private int _position;
    private bool _inVersionComment;

    private Lexer(List<Token> tokens, ReadOnlyMemory<byte> text)
    {
        _tokens = tokens;
        _memory = text;
    }

    private ReadOnlySpan<byte> Text => _memory.Span;

    /// <summary>Fills <paramref name="tokens"/>, which is cleared first; the last token is End or Invalid.</summary>
    public static void Tokenize(ReadOnlyMemory<byte> text, List<Token> tokens)
    {
        tokens.Clear();
        var lexer = new Lexer(tokens, text);
        while (lexer.Next())
        {
        }
    }

    private byte Peek(int offset = 0)
    {
        var at = _position + offset;
        return at < Text.Length ? Text[at] : (byte)0;
    }

    private bool Next()
    {
        if (!SkipBlanksAndComments())
        {
            return Invalid(_position);
        }

        if (_position >= Text.Length)
        {
            return _inVersionComment ? Invalid(_position) : Add(TokenKind.End, _position, stop: true);
        }

        var c = Peek();
        if (c is >= (byte)'0' and <= (byte)'9' || (c == '.' && IsDigit(Peek(1)) && !FollowsName()))
        {
            return Number();
        }

        if (IsWordByte(c))
        {
            return Word(c);
        }

        return c switch
        {
            (byte)'\'' or (byte)'"' => Quoted(TokenKind.String, _position, c),
            (byte)'`' => Quoted(TokenKind.QuotedIdentifier, _position, c),
            (byte)'@' => Variable(),
            (byte)'?' => Step(TokenKind.Parameter, 1),
            _ => Operator(c),
        };
    }

    /// <summary>After a name a point separates names: <c>t.1a</c> is a column, not a number.</summary>
    private bool FollowsName() =>
        _tokens.Count > 0 && _tokens[^1].End == _position && _tokens[^1].Kind is TokenKind.Word or TokenKind.QuotedIdentifier;

    private bool Word(byte first)
    {
        var start = _position;
        if (Peek(1) == '\'' && first is (byte)'x' or (byte)'X' or (byte)'b' or (byte)'B' && !FollowsDot())
        {
            _position++;
            return QuotedDigits(start, first is (byte)'x' or (byte)'X');
        }

        while (IsWordByte(Peek()))
        {
            _position++;
        }

        var keyword = FollowsDot() ? Keyword.None : Keywords.Find(Text[start.._position]);
        _tokens.Add(new Token(TokenKind.Word, start, _position - start, keyword));
        return true;
    }

    private bool FollowsDot() => _tokens.Count > 0 && _tokens[^1].Symbol == Symbol.Dot;

    private bool QuotedDigits(int start, bool hexadecimal)
    {
        var content = ++_position;
        while (hexadecimal ? char.IsAsciiHexDigit((char)Peek()) : Peek() is (byte)'0' or (byte)'1')
        {
            _position++;
        }

        var odd = hexadecimal && (_position - content) % 2 != 0;
        if (Peek() != '\'' || odd)
        {
            return Invalid(start);
        }

        _position++;
        return Add(hexadecimal ? TokenKind.Hex : TokenKind.Bits, start);
    }

    private bool Number()
    {
        var start = _position;
        if (Peek() == '0' && Peek(1) is (byte)'x' or (byte)'b' && PrefixedDigits(start))
        {
            return true;
        }

        var kind = TokenKind.Integer;
        SkipDigits();
        if (Peek() == '.' && !(FollowsDot() && kind == TokenKind.Integer))
        {
            kind = TokenKind.Decimal;
            _position++;
            SkipDigits();
        }

        if (Peek() is (byte)'e' or (byte)'E' && (IsDigit(Peek(1)) || (Peek(1) is (byte)'+' or (byte)'-' && IsDigit(Peek(2)))))
        {
            kind = TokenKind.Float;
            _position += 2;
            SkipDigits();
        }
        else if (kind == TokenKind.Integer && IsWordByte(Peek()))
        {
            // A name may begin with digits: 1st_column.
            while (IsWordByte(Peek()))
            {
                _position++;
            }

            kind = TokenKind.Word;
        }

        return Add(kind, start);
    }

    /// <summary><c>0x…</c> and <c>0b…</c>; false when the digits do not fit, so that the text is read as a name.</summary>
    private bool PrefixedDigits(int start)
    {
        var hexadecimal = Peek(1) == 'x';
        var end = start + 2;
        while (end < Text.Length && IsWordByte(Text[end]))
        {
            var valid = hexadecimal ? char.IsAsciiHexDigit((char)Text[end]) : Text[end] is (byte)'0' or (byte)'1';
            if (!valid)
            {
                return false;
            }

            end++;
        }

        if (end == start + 2)
        {
            return false;
        }

        _position = end;
        return Add(hexadecimal ? TokenKind.Hex : TokenKind.Bits, start);
    }

    private void SkipDigits()
    {
        while (IsDigit(Peek()))
        {
            _position++;
        }
    }

    private bool Quoted(TokenKind kind, int start, byte quote)
    {
        _position++;
        while (_position < Text.Length)
        {
            var c = Text[_position++];
            if (c == '\\' && quote != '`')
            {
                _position++;
            }
            else if (c == quote)
            {
                if (Peek() != quote)
                {
                    return Add(kind, start);
                }

                _position++;
            }
        }

        _position = Text.Length;
        return Invalid(start);
    }

    private bool Variable()
    {
        var start = _position++;
        if (Peek() == '@')
        {
            _position++;
            return Add(TokenKind.SystemVariable, start);
        }

        if (Peek() is (byte)'\'' or (byte)'"' or (byte)'`')
        {
            return Quoted(TokenKind.UserVariable, _position, Peek());
        }

        var name = _position;
        while (IsWordByte(Peek()) || Peek() == '.')
        {
            _position++;
        }

        return Add(TokenKind.UserVariable, name);
    }

    private bool Operator(byte c)
    {
        var next = Peek(1);
        var (symbol, length) = (c, next) switch
        {
            ((byte)'<', (byte)'=') when Peek(2) == '>' => (Symbol.NullSafeEqual, 3),
            ((byte)'<', (byte)'=') => (Symbol.LessOrEqual, 2),
            ((byte)'<', (byte)'>') or ((byte)'!', (byte)'=') => (Symbol.NotEqual, 2),
            ((byte)'<', (byte)'<') => (Symbol.ShiftLeft, 2),
            ((byte)'>', (byte)'=') => (Symbol.GreaterOrEqual, 2),
            ((byte)'>', (byte)'>') => (Symbol.ShiftRight, 2),
            ((byte)'&', (byte)'&') => (Symbol.AndAnd, 2),
            ((byte)'|', (byte)'|') => (Symbol.OrOr, 2),
            ((byte)':', (byte)'=') => (Symbol.Assign, 2),
            _ => (SingleSymbol(c), 1),
        };
        return symbol == Symbol.None ? Invalid(_position) : Step(TokenKind.Symbol, length, symbol);
    }

    private static Symbol SingleSymbol(byte c) => (char)c switch
    {
        '(' => Symbol.LeftParenthesis,
        ')' => Symbol.RightParenthesis,
        ',' => Symbol.Comma,
        '.' => Symbol.Dot,
        ';' => Symbol.Semicolon,
        '+' => Symbol.Plus,
        '-' => Symbol.Minus,
        '*' => Symbol.Star,
        '/' => Symbol.Slash,
        '%' => Symbol.Percent,
        '&' => Symbol.Ampersand,
        '|' => Symbol.Pipe,
        '^' => Symbol.Caret,
        '~' => Symbol.Tilde,
        '!' => Symbol.Exclamation,
        '=' => Symbol.Equal,
        '<' => Symbol.Less,
        '>' => Symbol.Greater,
        '{' => Symbol.LeftBrace,
        '}' => Symbol.RightBrace,
        _ => Symbol.None,
    };

    /// <summary>False when a comment does not end.</summary>
    private bool SkipBlanksAndComments()
    {
        while (_position < Text.Length)
        {
            var c = Peek();
            if (c is (byte)' ' or (>= 9 and <= 13))
            {
                _position++;
            }
            else if (c == '#' || (c == '-' && Peek(1) == '-' && (Peek(2) <= ' ' || _position + 2 >= Text.Length)))
            {
                var end = Text[_position..].IndexOf((byte)'\n');
                _position = end < 0 ? Text.Length : _position + end + 1;
            }
            else if (_inVersionComment && c == '*' && Peek(1) == '/')
            {
                _inVersionComment = false;
                _position += 2;
            }
            else if (c == '/' && Peek(1) == '*')
            {
                if (!BlockComment())
                {
                    return false;
                }
            }
            else
            {
                return true;
            }
        }

        return true;
    }

    private bool BlockComment()
    {
        if (Peek(2) == '!' && !_inVersionComment)
        {
            var digits = 0;
            var version = 0;
            while (digits < 6 && IsDigit(Peek(3 + digits)))
            {
                version = (version * 10) + (Peek(3 + digits++) - '0');
            }

            // Five or six digits are a version; otherwise all of it is text.
            if (digits < 5 || version <= ServerVersionNumber)
            {
                _position += 3 + (digits < 5 ? 0 : digits);
                return _inVersionComment = true;
            }
        }

        var end = Text[(_position + 2)..].IndexOf("*/"u8);
        if (end < 0)
        {
            return false;
        }

        _position += end + 4;
        return true;
    }

    private bool Step(TokenKind kind, int length, Symbol symbol = Symbol.None)
    {
        _tokens.Add(new Token(kind, _position, length, symbol: symbol));
        _position += length;
        return true;
    }

    private bool Add(TokenKind kind, int start, bool stop = false)
    {
        _tokens.Add(new Token(kind, start, _position - start));
        return !stop;
    }

    private bool Invalid(int start)
    {
        _tokens.Add(new Token(TokenKind.Invalid, start, Text.Length - start));
        return false;
    }

    private static bool IsDigit(byte c) => c is >= (byte)'0' and <= (byte)'9';

    private static bool IsWordByte(byte c) =>
        c is (>= (byte)'a' and <= (byte)'z') or (>= (byte)'A' and <= (byte)'Z') or (>= (byte)'0' and <= (byte)'9') or (byte)'_' or (byte)'$' or >= 0x80;
}
