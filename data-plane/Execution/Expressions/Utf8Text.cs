using System.Text;

namespace Cloud.Execution.Expressions;

/// <summary>Characters in UTF-8. Bytes that are no character count as one each.</summary>
public static class Utf8Text
{
    public static int CharacterCount(ReadOnlySpan<byte> text)
    {
        if (Ascii.IsValid(text))
        {
            return text.Length;
        }

        var count = 0;
        while (!text.IsEmpty)
        {
            text = text[CharacterBytes(text)..];
            count++;
        }

        return count;
    }

    /// <summary>Bytes of the first character; the text is not empty.</summary>
    public static int CharacterBytes(ReadOnlySpan<byte> text)
    {
        Rune.DecodeFromUtf8(text, out _, out var length);
        return Math.Max(length, 1);
    }

    /// <summary>Bytes of the first <paramref name="characters"/> characters, or of all when there are fewer.</summary>
    public static int PrefixBytes(ReadOnlySpan<byte> text, long characters)
    {
        if (characters >= text.Length)
        {
            return text.Length;
        }

        var at = 0;
        for (var i = 0L; i < characters && at < text.Length; i++)
        {
            at += text[at] < 0x80 ? 1 : CharacterBytes(text[at..]);
        }

        return at;
    }
}

/// <summary>Enumerates the characters of UTF-8 text; bytes that are none come as the replacement character.</summary>
public ref struct Utf8Runes(ReadOnlySpan<byte> text)
{
    private ReadOnlySpan<byte> _rest = text;

    public Rune Current { get; private set; }

    public readonly Utf8Runes GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        Rune.DecodeFromUtf8(_rest, out var rune, out var length);
        Current = rune;
        _rest = _rest[Math.Max(length, 1)..];
        return true;
    }
}
