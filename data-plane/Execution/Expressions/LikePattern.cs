using System.Text;
using Cloud.Execution.Types;

namespace Cloud.Execution.Expressions;

/// <summary>
/// SQL's LIKE: <c>%</c> is any text, <c>_</c> one character; other characters are compared one by one by the collation.
/// Source: MySQL 8.0 Reference Manual §12.8.1.
/// </summary>
public static class LikePattern
{
    /// <summary>Backtracks to the last <c>%</c> only, so that the time is at most text times pattern.</summary>
    /// <param name="escape">The escape byte, or -1 for none.</param>
    public static bool Matches(ReadOnlySpan<byte> text, ReadOnlySpan<byte> pattern, int escape, Collation collation)
    {
        var (t, p) = (0, 0);
        var (textAfterStar, patternAfterStar) = (-1, -1);
        while (t < text.Length || p < pattern.Length)
        {
            if (p < pattern.Length && pattern[p] == '%' && escape != '%')
            {
                patternAfterStar = ++p;
                textAfterStar = t;
                if (p == pattern.Length)
                {
                    return true;
                }

                continue;
            }

            if (t < text.Length && p < pattern.Length && MatchesOne(text, ref t, pattern, ref p, escape, collation))
            {
                continue;
            }

            if (patternAfterStar < 0 || textAfterStar >= text.Length)
            {
                return false;
            }

            textAfterStar += Utf8Text.CharacterBytes(text[textAfterStar..]);
            t = textAfterStar;
            p = patternAfterStar;
        }

        return true;
    }

    /// <summary>The text before the first wildcard, with escapes undone.</summary>
    public static byte[] Prefix(ReadOnlySpan<byte> pattern, int escape, out bool isWhole)
    {
        var prefix = new List<byte>(pattern.Length);
        for (var i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] == escape && i + 1 < pattern.Length)
            {
                i++;
            }
            else if (pattern[i] is (byte)'%' or (byte)'_')
            {
                isWhole = false;
                return [.. prefix];
            }

            prefix.Add(pattern[i]);
        }

        isWhole = true;
        return [.. prefix];
    }

    private static bool MatchesOne(
        ReadOnlySpan<byte> text, ref int t, ReadOnlySpan<byte> pattern, ref int p, int escape, Collation collation)
    {
        Rune.DecodeFromUtf8(text[t..], out var character, out var length);
        length = Math.Max(length, 1);
        if (pattern[p] == '_' && escape != '_')
        {
            p++;
            t += length;
            return true;
        }

        var at = pattern[p] == escape && p + 1 < pattern.Length ? p + 1 : p;
        Rune.DecodeFromUtf8(pattern[at..], out var wanted, out var wantedLength);
        wantedLength = Math.Max(wantedLength, 1);
        var invalid = character == Rune.ReplacementChar || wanted == Rune.ReplacementChar;
        var equal = invalid
            ? text.Slice(t, length).SequenceEqual(pattern.Slice(at, wantedLength))
            : character == wanted || collation.AreEqual(character, wanted);
        if (!equal)
        {
            return false;
        }

        t += length;
        p = at + wantedLength;
        return true;
    }
}
