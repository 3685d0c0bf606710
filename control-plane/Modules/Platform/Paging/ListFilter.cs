using System.Globalization;
using System.Linq.Expressions;
using System.Reflection;
using Cloud.Kernel;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Platform.Paging;

/// <summary>
/// Parses <c>field op value {AND field op value}</c> into a predicate that the database evaluates. Operators: <c>= != &lt; &lt;= &gt; &gt;=</c>
/// and <c>:</c> for "contains, whatever the case"; values are bare words or double-quoted with backslash escapes. A subset of AIP-160.
/// Pure.
/// </summary>
internal static class ListFilter
{
    private const int LengthMax = 1000;
    private const int ComparisonsMax = 10;
    private static readonly string[] Operators = ["!=", "<=", ">=", "=", "<", ">", ":"];

    public static Outcome<Expression<Func<TEntity, bool>>> Parse<TEntity>(string filter, ListFields<TEntity> fields)
    {
        if (filter.Length > LengthMax)
        {
            return Invalid($"The filter is longer than {LengthMax} characters.");
        }

        var row = Expression.Parameter(typeof(TEntity), "row");
        Expression? predicate = null;
        var reader = new Reader(filter);
        for (var count = 1; ; count++)
        {
            if (count > ComparisonsMax)
            {
                return Invalid($"The filter has more than {ComparisonsMax} comparisons.");
            }

            if (!ParseComparison(reader, fields, row).TryGet(out var comparison, out var failure))
            {
                return failure;
            }

            predicate = predicate is null ? comparison : Expression.AndAlso(predicate, comparison);
            if (reader.IsAtEnd)
            {
                return Expression.Lambda<Func<TEntity, bool>>(predicate, row);
            }

            if (!string.Equals(reader.Word(), "AND", StringComparison.OrdinalIgnoreCase))
            {
                return Invalid($"The filter needs AND at character {reader.Position}.");
            }
        }
    }

    private static Outcome<Expression> ParseComparison<TEntity>(Reader reader, ListFields<TEntity> fields, ParameterExpression row)
    {
        var name = reader.Word();
        if (fields.Find(name) is not { } field)
        {
            return Invalid($"'{name}' cannot be filtered by; these can: {string.Join(", ", fields.Names)}.");
        }

        var symbol = reader.Symbol(Operators);
        var text = reader.Value();
        if (symbol is null || text is null)
        {
            return Invalid($"'{name}' must be followed by one of {string.Join(' ', Operators)} and a value.");
        }

        var value = Keyset.Inline(field.Value, row);
        if (ParseValue(value.Type, text) is not { } constant)
        {
            return Invalid($"'{text}' is no value for '{name}'.");
        }

        var isOrdered = value.Type == typeof(DateTimeOffset) || value.Type == typeof(int) || value.Type == typeof(long) || value.Type == typeof(string);
        return symbol switch
        {
            "=" => Expression.Equal(value, Keyset.Parameter(constant, value.Type)),
            "!=" => Expression.NotEqual(value, Keyset.Parameter(constant, value.Type)),
            ":" when value.Type == typeof(string) => Contains(value, text),
            "<" when isOrdered => Keyset.Compare(ExpressionType.LessThan, value, constant),
            "<=" when isOrdered => Keyset.Compare(ExpressionType.LessThanOrEqual, value, constant),
            ">" when isOrdered => Keyset.Compare(ExpressionType.GreaterThan, value, constant),
            ">=" when isOrdered => Keyset.Compare(ExpressionType.GreaterThanOrEqual, value, constant),
            _ => Invalid($"'{name}' cannot be compared with '{symbol}'."),
        };
    }

    private static object? ParseValue(Type type, string text)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        if (plain == typeof(string))
        {
            return text;
        }

        if (plain.IsEnum)
        {
            return Enum.TryParse(plain, text, ignoreCase: true, out var value) && Enum.IsDefined(plain, value) ? value : null;
        }

        if (plain == typeof(DateTimeOffset))
        {
            const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
            return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, Utc, out var time) ? time : null;
        }

        if (plain == typeof(bool))
        {
            return bool.TryParse(text, out var flag) ? flag : null;
        }

        if (plain == typeof(int) || plain == typeof(long))
        {
            return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                ? Convert.ChangeType(number, plain, CultureInfo.InvariantCulture)
                : null;
        }

        return ModelConventions.IsTypedId(plain) ? ParseIdMethod.MakeGenericMethod(plain).Invoke(null, [text]) : null;
    }

    private static readonly MethodInfo ParseIdMethod =
        typeof(ListFilter).GetMethod(nameof(ParseId), BindingFlags.NonPublic | BindingFlags.Static)!; // declared below

    private static object? ParseId<TId>(string text)
        where TId : struct, ITypedId<TId> => TypedId.TryParse<TId>(text, out var id) ? id : null;

    private static Expression Contains(Expression value, string text)
    {
        var pattern = "%" + text.Replace("\\", "\\\\").Replace("%", "\\%").Replace("_", "\\_") + "%";
        return Expression.Call(
            typeof(NpgsqlDbFunctionsExtensions),
            nameof(NpgsqlDbFunctionsExtensions.ILike),
            null,
            Expression.Constant(EF.Functions),
            value,
            Keyset.Parameter(pattern, typeof(string)));
    }

    private static Failure Invalid(string detail) => new(PlatformErrors.InvalidFilter, detail, "filter");

    /// <summary>Walks over the text once; every method skips the blanks before what it reads.</summary>
    private sealed class Reader(string text)
    {
        public int Position { get; private set; }

        public bool IsAtEnd
        {
            get
            {
                SkipBlanks();
                return Position == text.Length;
            }
        }

        public string Word()
        {
            SkipBlanks();
            var start = Position;
            while (Position < text.Length && IsWordCharacter(text[Position]))
            {
                Position++;
            }

            return text[start..Position];
        }

        public string? Symbol(string[] symbols)
        {
            SkipBlanks();
            var symbol = Array.Find(symbols, candidate => text.AsSpan(Position).StartsWith(candidate, StringComparison.Ordinal));
            Position += symbol?.Length ?? 0;
            return symbol;
        }

        public string? Value()
        {
            SkipBlanks();
            if (Position == text.Length || text[Position] != '"')
            {
                return Word() is { Length: > 0 } word ? word : null;
            }

            var value = new System.Text.StringBuilder();
            for (Position++; Position < text.Length; Position++)
            {
                if (text[Position] == '"')
                {
                    Position++;
                    return value.ToString();
                }

                if (text[Position] == '\\' && Position + 1 < text.Length)
                {
                    Position++;
                }

                value.Append(text[Position]);
            }

            return null;
        }

        private static bool IsWordCharacter(char character) =>
            char.IsAsciiLetterOrDigit(character) || character is '_' or '-' or '.' or '+';

        private void SkipBlanks()
        {
            while (Position < text.Length && text[Position] == ' ')
            {
                Position++;
            }
        }
    }
}
