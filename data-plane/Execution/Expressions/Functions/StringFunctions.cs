using System.Globalization;
using System.Text;
using Cloud.Execution.Types;
using static Cloud.Execution.Expressions.TypedExpressions;

namespace Cloud.Execution.Expressions.Functions;

/// <summary>Functions that build text. Source: MySQL 8.0 Reference Manual §12.8 "String Functions and Operators".</summary>
internal static class StringFunctions
{
    public static void AddTo(FunctionSet set)
    {
        set.AddText("CONCAT", 1, FunctionSet.Many, [AsText], Concat);
        set.Add("CONCAT_WS", 2, FunctionSet.Many, arguments =>
        {
            var texts = arguments.Select(AsText).ToList();
            return new FunctionExpression("CONCAT_WS", FunctionSet.TextLike(texts), texts, ConcatWith, nullIfAnyNull: false);
        });
        set.AddText("LOWER", 1, 1, [AsText], static (f, row) => ChangeCase(f, row, upper: false));
        set.AddText("UPPER", 1, 1, [AsText], static (f, row) => ChangeCase(f, row, upper: true));
        set.Add("LENGTH", 1, 1, AsText, FunctionSet.Integer, static (f, row) => f.Result.Append((long)f.Bytes(0, row).Length));
        set.Add("BIT_LENGTH", 1, 1, AsText, FunctionSet.Integer, static (f, row) => f.Result.Append(f.Bytes(0, row).Length * 8L));
        set.Add("CHAR_LENGTH", 1, 1, arguments => Counting("CHAR_LENGTH", arguments));
        set.AddText("LEFT", 2, 2, [AsText, AsInt64], static (f, row) => Slice(f, row, 0, f.Int64(1, row)));
        set.AddText("RIGHT", 2, 2, [AsText, AsInt64], Right);
        set.AddText("SUBSTRING", 2, 3, [AsText, AsInt64], Substring);
        set.AddText("SUBSTRING_INDEX", 3, 3, [AsText, AsText, AsInt64], SubstringIndex);
        set.AddText("TRIM", 1, 2, [AsText], static (f, row) => Trim(f, row, leading: true, trailing: true));
        set.AddText("TRIM_LEADING", 1, 2, [AsText], static (f, row) => Trim(f, row, leading: true, trailing: false));
        set.AddText("TRIM_TRAILING", 1, 2, [AsText], static (f, row) => Trim(f, row, leading: false, trailing: true));
        set.AddText("LTRIM", 1, 1, [AsText], static (f, row) => Trim(f, row, leading: true, trailing: false));
        set.AddText("RTRIM", 1, 1, [AsText], static (f, row) => Trim(f, row, leading: false, trailing: true));
        set.AddText("REVERSE", 1, 1, [AsText], Reverse);
        set.AddText("REPEAT", 2, 2, [AsText, AsInt64], Repeat);
        set.AddText("SPACE", 1, 1, [AsInt64], static (f, row) => Fill(f, (byte)' ', f.Int64(0, row)));
        set.AddText("LPAD", 3, 3, [AsText, AsInt64, AsText], static (f, row) => Pad(f, row, left: true));
        set.AddText("RPAD", 3, 3, [AsText, AsInt64, AsText], static (f, row) => Pad(f, row, left: false));
        set.AddText("REPLACE", 3, 3, [AsText], Replace);
        set.AddText("INSERT", 4, 4, [AsText, AsInt64, AsInt64, AsText], Insert);
        set.AddText("QUOTE", 1, 1, [AsText], Quote);
        set.Add("CHAR", 1, FunctionSet.Many, AsInt64, FieldType.VarBinary(), Characters, strict: false);
        set.Add("ELT", 2, FunctionSet.Many, arguments =>
        {
            var brought = FunctionSet.Bring(arguments, [AsInt64, AsText]);
            return new FunctionExpression("ELT", FunctionSet.TextLike(brought), brought, Elt, nullIfAnyNull: false);
        });
        set.Add("FORMAT", 2, 3, [AsDecimal, AsInt64, AsText], FieldType.VarChar(80), Format);
    }

    private static FunctionExpression Counting(string name, IReadOnlyList<VectorExpression> arguments)
    {
        var text = AsText(arguments[0]);
        return new FunctionExpression(
            name,
            FunctionSet.Integer,
            [text],
            text.Type.IsText
                ? static (f, row) => f.Result.Append((long)Utf8Text.CharacterCount(f.Bytes(0, row)))
                : static (f, row) => f.Result.Append((long)f.Bytes(0, row).Length),
            nullIfAnyNull: true);
    }

    private static void Concat(FunctionFrame f, int row)
    {
        for (var i = 0; i < f.ArgumentCount; i++)
        {
            f.Buffer.Write(f.Bytes(i, row));
        }

        f.ReturnBytes(f.Buffer.Written, FunctionSet.BytesMax);
    }

    private static void ConcatWith(FunctionFrame f, int row)
    {
        if (f.IsNull(0, row))
        {
            f.Result.AppendNull();
            return;
        }

        var first = true;
        for (var i = 1; i < f.ArgumentCount; i++)
        {
            if (f.IsNull(i, row))
            {
                continue;
            }

            if (!first)
            {
                f.Buffer.Write(f.Bytes(0, row));
            }

            first = false;
            f.Buffer.Write(f.Bytes(i, row));
        }

        f.ReturnBytes(f.Buffer.Written, FunctionSet.BytesMax);
    }

    private static void ChangeCase(FunctionFrame f, int row, bool upper)
    {
        foreach (var rune in new Utf8Runes(f.Bytes(0, row)))
        {
            var changed = upper ? Rune.ToUpperInvariant(rune) : Rune.ToLowerInvariant(rune);
            f.Buffer.Advance(changed.EncodeToUtf8(f.Buffer.GetSpan(4)));
        }

        f.Result.Append(f.Buffer.Written);
    }

    private static void Slice(FunctionFrame f, int row, long skip, long take)
    {
        var text = f.Bytes(0, row);
        if (take <= 0)
        {
            f.Result.Append([]);
            return;
        }

        var rest = text[Utf8Text.PrefixBytes(text, skip)..];
        f.Result.Append(rest[..Utf8Text.PrefixBytes(rest, take)]);
    }

    private static void Right(FunctionFrame f, int row)
    {
        var length = Utf8Text.CharacterCount(f.Bytes(0, row));
        var take = Math.Clamp(f.Int64(1, row), 0, length);
        Slice(f, row, length - take, take);
    }

    private static void Substring(FunctionFrame f, int row)
    {
        var start = f.Int64(1, row);
        var take = f.ArgumentCount > 2 ? f.Int64(2, row) : long.MaxValue;
        if (start < 0)
        {
            start += Utf8Text.CharacterCount(f.Bytes(0, row)) + 1L;
        }

        Slice(f, row, start - 1, start <= 0 ? 0 : take);
    }

    private static void SubstringIndex(FunctionFrame f, int row)
    {
        var text = f.Bytes(0, row);
        var delimiter = f.Bytes(1, row);
        var count = f.Int64(2, row);
        if (delimiter.IsEmpty || count == 0)
        {
            f.Result.Append([]);
            return;
        }

        var at = count > 0 ? 0 : text.Length;
        for (var i = Math.Abs(count); i > 0; i--)
        {
            var found = count > 0 ? text[at..].IndexOf(delimiter) : text[..at].LastIndexOf(delimiter);
            if (found < 0)
            {
                f.Result.Append(text);
                return;
            }

            at = count > 0 ? at + found + delimiter.Length : found;
        }

        f.Result.Append(count > 0 ? text[..(at - delimiter.Length)] : text[(at + delimiter.Length)..]);
    }

    private static void Trim(FunctionFrame f, int row, bool leading, bool trailing)
    {
        var text = f.Bytes(0, row);
        var removed = f.ArgumentCount > 1 ? f.Bytes(1, row) : " "u8;
        if (removed.IsEmpty)
        {
            f.Result.Append(text);
            return;
        }

        while (leading && text.StartsWith(removed))
        {
            text = text[removed.Length..];
        }

        while (trailing && text.EndsWith(removed))
        {
            text = text[..^removed.Length];
        }

        f.Result.Append(text);
    }

    private static void Reverse(FunctionFrame f, int row)
    {
        var text = f.Bytes(0, row);
        var target = f.Result.Reserve(text.Length);
        var end = text.Length;
        while (!text.IsEmpty)
        {
            var bytes = Utf8Text.CharacterBytes(text);
            end -= bytes;
            text[..bytes].CopyTo(target[end..]);
            text = text[bytes..];
        }

        f.Result.Commit(f.Bytes(0, row).Length);
    }

    private static void Repeat(FunctionFrame f, int row)
    {
        var text = f.Bytes(0, row);
        var times = Math.Max(f.Int64(1, row), 0);
        if (text.Length * (double)times > FunctionSet.BytesMax)
        {
            f.Context.Warn(WarningLevel.Warning, 1301, $"Result of repeat() was larger than max_allowed_packet ({FunctionSet.BytesMax}) - truncated");
            f.Result.AppendNull();
            return;
        }

        for (var i = 0L; i < times && text.Length > 0; i++)
        {
            f.Buffer.Write(text);
        }

        f.Result.Append(f.Buffer.Written);
    }

    private static void Fill(FunctionFrame f, byte filler, long count)
    {
        if (count > FunctionSet.BytesMax)
        {
            f.Result.AppendNull();
            return;
        }

        var length = (int)Math.Max(count, 0);
        f.Result.Reserve(length).Fill(filler);
        f.Result.Commit(length);
    }

    private static void Pad(FunctionFrame f, int row, bool left)
    {
        var text = f.Bytes(0, row);
        var pad = f.Bytes(2, row);
        var wanted = f.Int64(1, row);
        var missing = wanted - Utf8Text.CharacterCount(text);
        if (wanted < 0 || wanted > FunctionSet.BytesMax / 4 || (missing > 0 && pad.IsEmpty))
        {
            f.Result.AppendNull();
            return;
        }

        if (missing <= 0)
        {
            f.Result.Append(text[..Utf8Text.PrefixBytes(text, wanted)]);
            return;
        }

        if (!left)
        {
            f.Buffer.Write(text);
        }

        var padCharacters = Utf8Text.CharacterCount(pad);
        for (; missing > 0; missing -= padCharacters)
        {
            f.Buffer.Write(pad[..Utf8Text.PrefixBytes(pad, missing)]);
        }

        if (left)
        {
            f.Buffer.Write(text);
        }

        f.Result.Append(f.Buffer.Written);
    }

    private static void Replace(FunctionFrame f, int row)
    {
        var text = f.Bytes(0, row);
        var from = f.Bytes(1, row);
        if (from.IsEmpty)
        {
            f.Result.Append(text);
            return;
        }

        for (var at = text.IndexOf(from); at >= 0; at = text.IndexOf(from))
        {
            f.Buffer.Write(text[..at]);
            f.Buffer.Write(f.Bytes(2, row));
            text = text[(at + from.Length)..];
        }

        f.Buffer.Write(text);
        f.ReturnBytes(f.Buffer.Written, FunctionSet.BytesMax);
    }

    private static void Insert(FunctionFrame f, int row)
    {
        var text = f.Bytes(0, row);
        var position = f.Int64(1, row);
        var characters = Utf8Text.CharacterCount(text);
        if (position < 1 || position > characters)
        {
            f.Result.Append(text);
            return;
        }

        var length = f.Int64(2, row);
        var start = Utf8Text.PrefixBytes(text, position - 1);
        var rest = length < 0 || length > characters ? text.Length : start + Utf8Text.PrefixBytes(text[start..], length);
        f.Buffer.Write(text[..start]);
        f.Buffer.Write(f.Bytes(3, row));
        f.Buffer.Write(text[rest..]);
        f.Result.Append(f.Buffer.Written);
    }

    private static void Quote(FunctionFrame f, int row)
    {
        f.Buffer.WriteByte((byte)'\'');
        foreach (var c in f.Bytes(0, row))
        {
            if (c is (byte)'\\' or (byte)'\'' or 0 or 26)
            {
                f.Buffer.WriteByte((byte)'\\');
            }

            f.Buffer.WriteByte(c switch { 0 => (byte)'0', 26 => (byte)'Z', _ => c });
        }

        f.Buffer.WriteByte((byte)'\'');
        f.Result.Append(f.Buffer.Written);
    }

    private static void Characters(FunctionFrame f, int row)
    {
        for (var i = 0; i < f.ArgumentCount; i++)
        {
            if (f.IsNull(i, row))
            {
                continue;
            }

            var code = (uint)f.Int64(i, row);
            for (var shift = 24; shift >= 0; shift -= 8)
            {
                if (code >> shift > 0 || shift == 0)
                {
                    f.Buffer.WriteByte((byte)(code >> shift));
                }
            }
        }

        f.Result.Append(f.Buffer.Written);
    }

    private static void Elt(FunctionFrame f, int row)
    {
        var index = f.IsNull(0, row) ? 0 : f.Int64(0, row);
        if (index < 1 || index >= f.ArgumentCount || f.IsNull((int)index, row))
        {
            f.Result.AppendNull();
        }
        else
        {
            f.Result.Append(f.Bytes((int)index, row));
        }
    }

    private static void Format(FunctionFrame f, int row)
    {
        var decimals = (int)Math.Clamp(f.Int64(1, row), 0, MySqlDecimal.ScaleMax);
        var text = f.Decimal(0, row).Round(decimals).ToString();
        var point = text.IndexOf('.');
        var whole = point < 0 ? text : text[..point];
        var fraction = (point < 0 ? string.Empty : text[(point + 1)..]).PadRight(decimals, '0');
        var grouped = System.Numerics.BigInteger.Parse(whole, CultureInfo.InvariantCulture).ToString("N0", CultureInfo.InvariantCulture);
        var sign = whole.StartsWith('-') && !grouped.StartsWith('-') ? "-" : string.Empty;
        f.Result.Append(Encoding.ASCII.GetBytes(sign + grouped + (decimals > 0 ? "." + fraction : string.Empty)));
    }
}
