using System.Text;

namespace Cloud.Sql.Parsing;

/// <summary>What quoted tokens stand for. Source: MySQL 8.0 Reference Manual §9.1.1 "String Literals".</summary>
internal static class QuotedText
{
    /// <summary>The text of a string or quoted identifier with quotes, doubled quotes and escapes undone.</summary>
    public static byte[] Unquote(ReadOnlySpan<byte> quoted)
    {
        var quote = quoted[0];
        var inner = quoted[1..^1];
        var escapes = quote != '`';
        if (inner.IndexOf(quote) < 0 && (!escapes || inner.IndexOf((byte)'\\') < 0))
        {
            return inner.ToArray();
        }

        var result = new byte[inner.Length];
        var length = 0;
        for (var i = 0; i < inner.Length; i++)
        {
            var c = inner[i];
            if (c == quote)
            {
                i++;
            }
            else if (c == '\\' && escapes && i + 1 < inner.Length)
            {
                c = inner[++i];
                if (c is (byte)'%' or (byte)'_')
                {
                    // Kept for LIKE, which undoes them itself.
                    result[length++] = (byte)'\\';
                }

                c = Escaped(c);
            }

            result[length++] = c;
        }

        return result.AsSpan(0, length).ToArray();
    }

    private static byte Escaped(byte c) => (char)c switch
    {
        '0' => 0,
        'b' => 8,
        'n' => (byte)'\n',
        'r' => (byte)'\r',
        't' => (byte)'\t',
        'Z' => 26,
        _ => c,
    };

    /// <summary>The name of a word, quoted identifier or variable.</summary>
    public static string NameOf(ReadOnlySpan<byte> token) =>
        token.Length > 1 && token[0] is (byte)'`' or (byte)'\'' or (byte)'"'
            ? Encoding.UTF8.GetString(Unquote(token))
            : Encoding.UTF8.GetString(token);
}
