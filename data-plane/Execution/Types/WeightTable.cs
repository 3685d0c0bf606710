using System.Buffers.Binary;
using System.IO.Compression;
using Cloud.Kernel;

namespace Cloud.Execution.Types;

/// <summary>
/// Maps characters to the weights by which a collation compares them. Immutable after construction; thread-safe.
/// </summary>
/// <remarks>Resources are written by generate.py in Collations, which states their sources and format.</remarks>
internal sealed class WeightTable
{
    private const int PageBits = 8;
    private const int PageSize = 1 << PageBits;
    private const int CountBits = 5;
    private const int CharacterMax = 0x10FFFF;
    private const int NotListed = -1;

    // A page holds, per character, the index of its first weight and their number, or NotListed; absent pages hold only NotListed.
    private readonly int[]?[] _pages = new int[(CharacterMax >> PageBits) + 1][];
    private readonly List<ushort> _building = [];
    private readonly bool _implicitFromUca;
    private ushort[] _weights = [];

    private WeightTable(bool implicitFromUca) => _implicitFromUca = implicitFromUca;

    /// <summary>Primary weights of the Default Unicode Collation Element Table.</summary>
    public static Lazy<WeightTable> Uca { get; } = new(() => FromResource("uca.bin", implicitFromUca: true));

    /// <summary>
    /// utf8mb4_general_ci: one weight for each character, upper case without accents; U+FFFD outside the basic plane.
    /// </summary>
    public static Lazy<WeightTable> General { get; } = new(() => FromResource("general.bin", implicitFromUca: false));

    /// <summary>ASCII letters without case.</summary>
    public static Lazy<WeightTable> Ascii { get; } = new(() => FromMap(AsciiUpper()));

    /// <summary>
    /// latin1_swedish_ci. Source: weights shown by WEIGHT_STRING for the 255 characters; Swedish and Finnish order å ä
    /// ö after z and
    /// count other accented letters as their base.
    /// </summary>
    public static Lazy<WeightTable> Latin1Swedish { get; } = new(() =>
    {
        var map = AsciiUpper();
        ReadOnlySpan<byte> accented =
        [
            0x41, 0x41, 0x41, 0x41, 0x5C, 0x5B, 0x5C, 0x43, 0x45, 0x45, 0x45, 0x45, 0x49, 0x49, 0x49, 0x49,
            0x44, 0x4E, 0x4F, 0x4F, 0x4F, 0x4F, 0x5D, 0xD7, 0xD8, 0x55, 0x55, 0x55, 0x59, 0x59, 0xDE, 0xDF,
        ];
        for (var i = 0; i < accented.Length; i++)
        {
            map[0xC0 + i] = accented[i];
            map[0xE0 + i] = accented[i];
        }

        map[0xF7] = 0xF7;
        map[0xFF] = 0xFF;
        return FromMap(map);
    });

    /// <summary>
    /// The weights of <paramref name="character"/>, in order; none when it is ignored. <paramref name="scratch"/> holds
    /// computed ones.
    /// </summary>
    public ReadOnlySpan<ushort> Weights(int character, Span<ushort> scratch)
    {
        var page = _pages[character >> PageBits];
        var entry = page is null ? NotListed : page[character & (PageSize - 1)];
        if (entry != NotListed)
        {
            return _weights.AsSpan(entry >> CountBits, entry & ((1 << CountBits) - 1));
        }

        return _implicitFromUca ? Implicit(character, scratch) : Itself(character, scratch);
    }

    private static ReadOnlySpan<ushort> Itself(int character, Span<ushort> scratch)
    {
        scratch[0] = character > ushort.MaxValue ? (ushort)0xFFFD : (ushort)character;
        return scratch[..1];
    }

    /// <summary>
    /// Weights of characters that the table leaves out. Source: UTS #10, "Implicit Weights"; The Unicode Standard,
    /// section 3.12
    /// (Hangul syllables are the sequence of their letters).
    /// </summary>
    private ReadOnlySpan<ushort> Implicit(int character, Span<ushort> scratch)
    {
        const int hangulFirst = 0xAC00, hangulLast = 0xD7A3;
        if (character is >= hangulFirst and <= hangulLast)
        {
            var index = character - hangulFirst;
            var count = 0;
            AppendListed(0x1100 + (index / 588), scratch, ref count);
            AppendListed(0x1161 + (index % 588 / 28), scratch, ref count);
            if (index % 28 != 0)
            {
                AppendListed(0x11A7 + (index % 28), scratch, ref count);
            }

            return scratch[..count];
        }

        var (high, low) = character switch
        {
            >= 0x17000 and <= 0x18AFF or >= 0x18D00 and <= 0x18D8F => (0xFB00, character - 0x17000),
            >= 0x1B170 and <= 0x1B2FF => (0xFB01, character - 0x1B170),
            >= 0x18B00 and <= 0x18CFF => (0xFB02, character - 0x18B00),
            >= 0x4E00 and <= 0x9FFF or >= 0xFA0E and <= 0xFA29 => (0xFB40 + (character >> 15), character & 0x7FFF),
            >= 0x3400 and <= 0x4DBF or >= 0x20000 and <= 0x3134F => (0xFB80 + (character >> 15), character & 0x7FFF),
            _ => (0xFBC0 + (character >> 15), character & 0x7FFF),
        };
        scratch[0] = (ushort)high;
        scratch[1] = (ushort)(low | 0x8000);
        return scratch[..2];
    }

    private void AppendListed(int character, Span<ushort> scratch, ref int count)
    {
        var entry = _pages[character >> PageBits]![character & (PageSize - 1)]; // The table lists all letters of Hangul.
        scratch[count++] = _weights[entry >> CountBits];
    }

    private static ushort[] AsciiUpper()
    {
        var map = new ushort[256];
        for (var i = 0; i < map.Length; i++)
        {
            map[i] = i is >= 'a' and <= 'z' ? (ushort)(i - 32) : (ushort)i;
        }

        return map;
    }

    private static WeightTable FromMap(ReadOnlySpan<ushort> map)
    {
        var table = new WeightTable(implicitFromUca: false);
        for (var character = 0; character < map.Length; character++)
        {
            table.Add(character, [map[character]]);
        }

        return table.Seal();
    }

    private static WeightTable FromResource(string name, bool implicitFromUca)
    {
        using var stream = typeof(WeightTable).Assembly.GetManifestResourceStream("Collations." + name);
        Invariant.Require(stream is not null, $"the assembly carries {name}");
        using var inflated = new MemoryStream();
        using (var deflate = new DeflateStream(stream, CompressionMode.Decompress))
        {
            deflate.CopyTo(inflated);
        }

        ReadOnlySpan<byte> rest = inflated.GetBuffer().AsSpan(0, (int)inflated.Length);
        var table = new WeightTable(implicitFromUca);
        var count = BinaryPrimitives.ReadUInt32LittleEndian(rest);
        rest = rest[4..];
        Span<ushort> weights = stackalloc ushort[1 << CountBits];
        for (var i = 0; i < count; i++)
        {
            var character = BinaryPrimitives.ReadInt32LittleEndian(rest);
            var listed = rest[4];
            rest = rest[5..];
            for (var j = 0; j < listed; j++, rest = rest[2..])
            {
                weights[j] = BinaryPrimitives.ReadUInt16LittleEndian(rest);
            }

            table.Add(character, weights[..listed]);
        }

        Invariant.Require(rest.IsEmpty, $"{name} ends after its last character");
        return table.Seal();
    }

    private void Add(int character, ReadOnlySpan<ushort> weights)
    {
        Invariant.Require(weights.Length < 1 << CountBits, $"a character has few weights: {weights.Length}");
        var page = _pages[character >> PageBits];
        if (page is null)
        {
            page = new int[PageSize];
            page.AsSpan().Fill(NotListed);
            _pages[character >> PageBits] = page;
        }

        page[character & (PageSize - 1)] = (_building.Count << CountBits) | weights.Length;
        _building.AddRange(weights);
    }

    private WeightTable Seal()
    {
        _weights = [.. _building];
        _building.Clear();
        _building.TrimExcess();
        return this;
    }
}
