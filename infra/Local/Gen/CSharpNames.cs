using System.Text;

namespace Cloud.Local.Gen;

/// <summary>Names and comments in the C# that is generated.</summary>
internal static class CSharpNames
{
    private static readonly HashSet<string> Keywords = new(StringComparer.Ordinal)
    {
        "base", "bool", "case", "class", "default", "event", "fixed", "from", "in", "is", "lock", "long", "namespace", "new", "object",
        "operator", "out", "params", "private", "public", "ref", "string", "switch", "this", "to", "void",
    };

    /// <summary><c>createdAt</c>, <c>access_token</c> and <c>Idempotency-Key</c> as CreatedAt, AccessToken and IdempotencyKey.</summary>
    public static string Pascal(string name)
    {
        var text = new StringBuilder(name.Length);
        var startsWord = true;
        foreach (var character in name)
        {
            if (!char.IsLetterOrDigit(character))
            {
                startsWord = true;
                continue;
            }

            text.Append(startsWord ? char.ToUpperInvariant(character) : character);
            startsWord = false;
        }

        return text.ToString();
    }

    /// <summary>As <see cref="Pascal"/>, beginning in lower case; usable as a parameter.</summary>
    public static string Camel(string name)
    {
        var pascal = Pascal(name);
        var camel = char.ToLowerInvariant(pascal[0]) + pascal[1..];
        return Keywords.Contains(camel) ? "@" + camel : camel;
    }

    /// <summary>A summary comment, or nothing.</summary>
    public static string Summary(string? text, string indent) => text is null
        ? string.Empty
        : $"{indent}/// <summary>{text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;")}</summary>\n";
}
