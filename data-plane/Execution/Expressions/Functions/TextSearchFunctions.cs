using System.Text;
using System.Text.RegularExpressions;
using Cloud.Execution.Types;
using static Cloud.Execution.Expressions.TypedExpressions;

namespace Cloud.Execution.Expressions.Functions;

/// <summary>Functions that look into text: LIKE, REGEXP, LOCATE and the like.</summary>
internal static class TextSearchFunctions
{
    private static readonly TimeSpan RegexTime = TimeSpan.FromSeconds(2);

    public static void AddTo(FunctionSet set)
    {
        set.Add("LIKE", 2, 3, MakeLike);
        set.Add("REGEXP", 2, 2, arguments => MakeRegexp("REGEXP", FunctionSet.Integer, arguments, static (f, row) =>
            f.Result.Append(RegexOf(f, row, 1).IsMatch(TextOf(f, 0, row)) ? 1L : 0L)));
        set.Add("REGEXP_LIKE", 2, 2, arguments => MakeRegexp("REGEXP_LIKE", FunctionSet.Integer, arguments, static (f, row) =>
            f.Result.Append(RegexOf(f, row, 1).IsMatch(TextOf(f, 0, row)) ? 1L : 0L)));
        set.Add("REGEXP_INSTR", 2, 2, arguments => MakeRegexp("REGEXP_INSTR", FunctionSet.Integer, arguments, static (f, row) =>
        {
            var match = RegexOf(f, row, 1).Match(TextOf(f, 0, row));
            f.Result.Append(match.Success ? match.Index + 1L : 0L);
        }));
        set.Add("REGEXP_SUBSTR", 2, 2, arguments => MakeRegexp("REGEXP_SUBSTR", FieldType.VarChar(), arguments, static (f, row) =>
        {
            var match = RegexOf(f, row, 1).Match(TextOf(f, 0, row));
            if (match.Success)
            {
                f.Result.Append(Encoding.UTF8.GetBytes(match.Value));
            }
            else
            {
                f.Result.AppendNull();
            }
        }));
        set.Add("REGEXP_REPLACE", 3, 3, arguments => MakeRegexp("REGEXP_REPLACE", FieldType.VarChar(), arguments, static (f, row) =>
            f.Result.Append(Encoding.UTF8.GetBytes(RegexOf(f, row, 1).Replace(TextOf(f, 0, row), TextOf(f, 2, row))))));
        set.Add("LOCATE", 2, 3, arguments => MakeLocate("LOCATE", arguments, haystack: 1));
        set.Add("INSTR", 2, 2, arguments => MakeLocate("INSTR", [arguments[1], arguments[0]], haystack: 1));
        set.Add("FIND_IN_SET", 2, 2, AsText, FunctionSet.Integer, FindInSet);
        set.Add("FIELD", 2, FunctionSet.Many, AsText, FunctionSet.Integer, Field, strict: false);
        set.Add("STRCMP", 2, 2, arguments =>
        {
            var texts = arguments.Select(AsText).ToList();
            var collation = TypeRules.CommonCollation(texts[0].Type, texts[1].Type);
            return new FunctionExpression(
                "STRCMP",
                FunctionSet.Integer,
                texts,
                (f, row) => f.Result.Append((long)Math.Sign(collation.Compare(f.Bytes(0, row), f.Bytes(1, row)))),
                nullIfAnyNull: true);
        });
        set.Add("ASCII", 1, 1, AsText, FunctionSet.Integer, static (f, row) =>
            f.Result.Append(f.Bytes(0, row).IsEmpty ? 0L : f.Bytes(0, row)[0]));
        set.Add("ORD", 1, 1, AsText, FunctionSet.Integer, Ord);
    }

    private static FunctionExpression MakeLike(IReadOnlyList<VectorExpression> arguments)
    {
        var texts = arguments.Select(AsText).ToList();
        var collation = TypeRules.CommonCollation(texts[0].Type, texts[1].Type);
        return new FunctionExpression(
            "LIKE",
            FunctionSet.Integer,
            texts,
            (f, row) =>
            {
                var escape = f.ArgumentCount > 2 ? f.Bytes(2, row) : "\\"u8;
                var matches = LikePattern.Matches(f.Bytes(0, row), f.Bytes(1, row), escape.IsEmpty ? -1 : escape[0], collation);
                f.Result.Append(matches ? 1L : 0L);
            },
            nullIfAnyNull: true);
    }

    private static FunctionExpression MakeRegexp(
        string name, FieldType type, IReadOnlyList<VectorExpression> arguments, RowKernel kernel)
    {
        var texts = arguments.Select(AsText).ToList();
        var sensitive = TypeRules.CommonCollation(texts[0].Type, texts[1].Type).IsBinary;
        return new FunctionExpression(
            name,
            type,
            texts,
            (f, row) =>
            {
                f.State ??= new CompiledPattern(sensitive);
                kernel(f, row);
            },
            nullIfAnyNull: true);
    }

    private sealed class CompiledPattern(bool caseSensitive)
    {
        public byte[] Source { get; private set; } = [];

        public Regex? Regex { get; private set; }

        public Regex For(ReadOnlySpan<byte> pattern)
        {
            if (Regex is null || !pattern.SequenceEqual(Source))
            {
                var options = RegexOptions.CultureInvariant | (caseSensitive ? RegexOptions.None : RegexOptions.IgnoreCase);
                try
                {
                    Regex = new Regex(Encoding.UTF8.GetString(pattern), options, RegexTime);
                }
                catch (ArgumentException exception)
                {
                    throw new SqlException(3685, "HY000", "Illegal argument to a regular expression.", exception);
                }

                Source = pattern.ToArray();
            }

            return Regex;
        }
    }

    private static Regex RegexOf(FunctionFrame f, int row, int argument) => ((CompiledPattern)f.State!).For(f.Bytes(argument, row)); // Set by the wrapper.

    private static string TextOf(FunctionFrame f, int argument, int row) => Encoding.UTF8.GetString(f.Bytes(argument, row));

    private static FunctionExpression MakeLocate(string name, IReadOnlyList<VectorExpression> arguments, int haystack)
    {
        var brought = FunctionSet.Bring(arguments, [AsText, AsText, AsInt64]);
        var collation = TypeRules.CommonCollation(brought[0].Type, brought[haystack].Type);
        return new FunctionExpression(
            name,
            FunctionSet.Integer,
            brought,
            (f, row) =>
            {
                var start = f.ArgumentCount > 2 ? f.Int64(2, row) : 1;
                f.Result.Append(start < 1 ? 0 : Locate(f.Bytes(0, row), f.Bytes(1, row), start, collation));
            },
            nullIfAnyNull: true);
    }

    /// <summary>The position in characters, from 1, of the first match at or behind <paramref name="start"/>; 0 when there is none.</summary>
    private static long Locate(ReadOnlySpan<byte> needle, ReadOnlySpan<byte> text, long start, Collation collation)
    {
        var at = Utf8Text.PrefixBytes(text, start - 1);
        var characters = Utf8Text.CharacterCount(needle);
        for (var position = start; ; position++)
        {
            var rest = text[at..];
            var window = Utf8Text.PrefixBytes(rest, characters);
            if (characters == 0 || collation.AreEqual(rest[..window], needle))
            {
                return position <= Utf8Text.CharacterCount(text) + 1 ? position : 0;
            }

            if (rest.IsEmpty)
            {
                return 0;
            }

            at += Utf8Text.CharacterBytes(rest);
        }
    }

    private static void FindInSet(FunctionFrame f, int row)
    {
        var needle = f.Bytes(0, row);
        var position = 1L;
        foreach (var range in f.Bytes(1, row).Split((byte)','))
        {
            if (Collation.Get(Collation.DefaultId).AreEqual(f.Bytes(1, row)[range], needle) && !f.Bytes(1, row).IsEmpty)
            {
                f.Result.Append(position);
                return;
            }

            position++;
        }

        f.Result.Append(0L);
    }

    private static void Field(FunctionFrame f, int row)
    {
        for (var i = 1; i < f.ArgumentCount && !f.IsNull(0, row); i++)
        {
            if (!f.IsNull(i, row) && Collation.Get(Collation.DefaultId).AreEqual(f.Bytes(0, row), f.Bytes(i, row)))
            {
                f.Result.Append((long)i);
                return;
            }
        }

        f.Result.Append(0L);
    }

    private static void Ord(FunctionFrame f, int row)
    {
        var text = f.Bytes(0, row);
        var code = 0L;
        foreach (var octet in text[..(text.IsEmpty ? 0 : Utf8Text.CharacterBytes(text))])
        {
            code = (code << 8) | octet;
        }

        f.Result.Append(code);
    }
}
