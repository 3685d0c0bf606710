using System.Text;
using Cloud.Sql.Ast;

namespace Cloud.Sql.Parsing;

/// <summary>The leaves of expressions: literals, names, calls, CASE, subqueries.</summary>
internal sealed class OperandParser(TokenReader tokens, SqlParser parser)
{
    private readonly CallParser _calls = new(tokens, parser);

    public Expression Parse()
    {
        var token = tokens.Current;
        switch (token.Kind)
        {
            case TokenKind.Integer or TokenKind.Decimal or TokenKind.Float:
                tokens.Take();
                var kind = token.Kind switch
                {
                    TokenKind.Integer => LiteralKind.Integer,
                    TokenKind.Decimal => LiteralKind.Decimal,
                    _ => LiteralKind.Float,
                };
                return new Literal(kind, Encoding.ASCII.GetString(tokens.BytesOf(token)), []) { Start = token.Start };
            case TokenKind.String:
                return Strings(LiteralKind.String);
            case TokenKind.Hex or TokenKind.Bits:
                tokens.Take();
                return new Literal(LiteralKind.Binary, string.Empty, BitsOf(token)) { Start = token.Start };
            case TokenKind.Parameter:
                tokens.Take();
                return new Parameter(tokens.NextParameter()) { Start = token.Start };
            case TokenKind.UserVariable:
                return UserVariable();
            case TokenKind.SystemVariable:
                tokens.Take();
                return SystemVariable(token.Start);
            case TokenKind.Symbol when token.Symbol == Symbol.LeftParenthesis:
                return Parenthesized(token.Start);
            case TokenKind.Symbol when token.Symbol == Symbol.LeftBrace:
                return OdbcEscape();
            case TokenKind.QuotedIdentifier:
                return Name();
            case TokenKind.Word:
                return Word(token);
            default:
                throw tokens.SyntaxError();
        }
    }

    public IntervalExpression Interval()
    {
        var start = tokens.Current.Start;
        tokens.Expect(Keyword.Interval);
        var value = parser.Expressions.Parse();
        return new IntervalExpression(value, _calls.Unit()) { Start = start };
    }

    /// <summary>Adjacent string literals are one.</summary>
    private Literal Strings(LiteralKind kind)
    {
        var start = tokens.Current.Start;
        var bytes = tokens.String();
        while (tokens.Current.Kind == TokenKind.String)
        {
            bytes = [.. bytes, .. tokens.String()];
        }

        return new Literal(kind, string.Empty, bytes) { Start = start };
    }

    private byte[] BitsOf(Token token)
    {
        var text = tokens.BytesOf(token);
        var digits = text[^1] == '\'' ? text[2..^1] : text[2..];
        if (token.Kind == TokenKind.Hex)
        {
            var even = digits.Length % 2 == 0 ? Encoding.ASCII.GetString(digits) : "0" + Encoding.ASCII.GetString(digits);
            return Convert.FromHexString(even);
        }

        var bytes = new byte[(digits.Length + 7) / 8];
        for (var i = 0; i < digits.Length; i++)
        {
            var bit = digits.Length - 1 - i;
            bytes[^((bit / 8) + 1)] |= (byte)((digits[i] - '0') << (bit % 8));
        }

        return bytes;
    }

    private Expression UserVariable()
    {
        var token = tokens.Take();
        var name = QuotedText.NameOf(tokens.BytesOf(token)).ToLowerInvariant();
        return tokens.Accept(Symbol.Assign)
            ? new AssignVariableExpression(name, parser.Expressions.Parse()) { Start = token.Start }
            : new VariableReference(VariableScope.User, name) { Start = token.Start };
    }

    private VariableReference SystemVariable(int start)
    {
        var scope = VariableScope.Implicit;
        if (tokens.Ahead(1).Symbol == Symbol.Dot)
        {
            scope = tokens.AcceptAny(Keyword.Global, Keyword.Session, Keyword.Local) switch
            {
                Keyword.Global => VariableScope.Global,
                Keyword.Session or Keyword.Local => VariableScope.Session,
                _ => throw tokens.SyntaxError(),
            };
            tokens.Expect(Symbol.Dot);
        }

        return new VariableReference(scope, tokens.AnyWord().ToLowerInvariant()) { Start = start };
    }

    private Expression Parenthesized(int start)
    {
        if (parser.Queries.BeginsQuery(1))
        {
            return new ScalarSubquery(parser.Queries.Parenthesized()) { Start = start };
        }

        tokens.Expect(Symbol.LeftParenthesis);
        var items = parser.Expressions.ParseList();
        tokens.Expect(Symbol.RightParenthesis);
        return items.Count == 1 ? items[0] : new RowExpression(items) { Start = start };
    }

    /// <summary>ODBC's <c>{d '…'}</c>, <c>{t '…'}</c>, <c>{ts '…'}</c> and <c>{fn call}</c>.</summary>
    private Expression OdbcEscape()
    {
        tokens.Expect(Symbol.LeftBrace);
        var word = tokens.AnyWord().ToLowerInvariant();
        Expression result = word switch
        {
            "d" => Strings(LiteralKind.Date),
            "t" => Strings(LiteralKind.Time),
            "ts" => Strings(LiteralKind.Timestamp),
            "fn" => Parse(),
            _ => throw tokens.SyntaxError(),
        };
        tokens.Expect(Symbol.RightBrace);
        return result;
    }

    private ColumnReference Name()
    {
        var start = tokens.Current.Start;
        var first = tokens.Name();
        if (!tokens.Accept(Symbol.Dot))
        {
            return new ColumnReference(null, null, first) { Start = start };
        }

        var second = tokens.AnyWord();
        return tokens.Accept(Symbol.Dot)
            ? new ColumnReference(first, second, tokens.AnyWord()) { Start = start }
            : new ColumnReference(null, first, second) { Start = start };
    }

    private Expression Word(Token token)
    {
        switch (token.Keyword)
        {
            case Keyword.Null:
                tokens.Take();
                return Literal.Null with { Start = token.Start };
            case Keyword.True or Keyword.False:
                tokens.Take();
                return new Literal(LiteralKind.Boolean, token.Keyword == Keyword.True ? "1" : "0", []) { Start = token.Start };
            case Keyword.Case:
                return Case();
            case Keyword.Exists when tokens.Ahead(1).Symbol == Symbol.LeftParenthesis:
                tokens.Take();
                return new ExistsExpression(parser.Queries.Parenthesized()) { Start = token.Start };
            case Keyword.Row when tokens.Ahead(1).Symbol == Symbol.LeftParenthesis:
                tokens.Take();
                return Parenthesized(token.Start);
            case Keyword.Date or Keyword.Time or Keyword.Timestamp when tokens.Ahead(1).Kind == TokenKind.String:
                tokens.Take();
                return Strings(token.Keyword switch
                {
                    Keyword.Date => LiteralKind.Date,
                    Keyword.Time => LiteralKind.Time,
                    _ => LiteralKind.Timestamp,
                });
            case Keyword.Interval when tokens.Ahead(1).Symbol != Symbol.LeftParenthesis:
                // INTERVAL 1 DAY + date: the span comes first.
                var interval = Interval();
                tokens.Expect(Symbol.Plus);
                return new FunctionCall("DATE_ADD", [parser.Expressions.Parse(), interval]) { Start = token.Start };
            default:
                return Introduced(token) ?? _calls.TryParse() ?? Name();
        }
    }

    /// <summary>A character set introducer: <c>_utf8mb4'…'</c>, <c>_binary '…'</c>, <c>N'…'</c>.</summary>
    private Literal? Introduced(Token token)
    {
        var next = tokens.Ahead(1).Kind;
        if (next is not (TokenKind.String or TokenKind.Hex or TokenKind.Bits))
        {
            return null;
        }

        var word = tokens.BytesOf(token);
        var national = next == TokenKind.String && word.Length == 1 && word[0] is (byte)'n' or (byte)'N';
        if (!national && word[0] != '_')
        {
            return null;
        }

        var charset = national ? "utf8mb3" : Encoding.ASCII.GetString(word[1..]).ToLowerInvariant();
        tokens.Take();
        var kind = charset == "binary" ? LiteralKind.Binary : LiteralKind.String;
        if (charset is not ("binary" or "utf8" or "utf8mb3" or "utf8mb4" or "ascii" or "latin1"))
        {
            throw Errors.UnknownCharset(charset);
        }

        return next == TokenKind.String
            ? Strings(kind)
            : new Literal(kind, string.Empty, BitsOf(tokens.Take())) { Start = token.Start };
    }

    private CaseExpression Case()
    {
        var start = tokens.Take().Start;
        var operand = tokens.Is(Keyword.When) ? null : parser.Expressions.Parse();
        var branches = new List<CaseBranch>();
        while (tokens.Accept(Keyword.When))
        {
            var when = parser.Expressions.Parse();
            tokens.Expect(Keyword.Then);
            branches.Add(new CaseBranch(when, parser.Expressions.Parse()));
        }

        if (branches.Count == 0)
        {
            throw tokens.SyntaxError();
        }

        var otherwise = tokens.Accept(Keyword.Else) ? parser.Expressions.Parse() : null;
        tokens.Expect(Keyword.End);
        return new CaseExpression(operand, branches, otherwise) { Start = start };
    }
}
