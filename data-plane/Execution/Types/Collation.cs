using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Cloud.Kernel;

namespace Cloud.Execution.Types;

/// <summary>
/// How strings compare. Strings are UTF-8 whatever the column's character set; latin1 and ascii only bound which
/// characters are
/// accepted. Compare, hash and sort key agree: equal strings hash alike, and the order of sort keys, compared as bytes,
/// is the order
/// of the strings. Stateless and thread-safe.
/// </summary>
/// <remarks>
/// PAD SPACE collations ignore spaces at the end. That differs from MySQL only for strings that continue with
/// characters below
/// the space, which here sort after the shorter string. Contractions of several characters are not weighed.
/// Source: MySQL 8.0 Reference Manual, "Character Sets, Collations, Unicode" (ids, pad attributes); UTS #10.
/// </remarks>
public abstract class Collation
{
    /// <summary>utf8mb4_0900_ai_ci, MySQL 8.0's default.</summary>
    public const ushort DefaultId = 255;

    public const ushort BinaryId = 63;

    public const ushort Utf8Mb4BinId = 46;

    public const ushort Utf8Mb4GeneralCiId = 45;

    private static readonly FrozenDictionary<ushort, Collation> ById = Build().ToFrozenDictionary(c => c.Id);

    private static readonly FrozenDictionary<string, Collation> ByName =
        ById.Values.ToFrozenDictionary(c => c.Name, StringComparer.OrdinalIgnoreCase);

    private protected Collation(ushort id, string name, string charset, bool padSpace, bool isDefault)
    {
        Id = id;
        Name = name;
        Charset = charset;
        PadSpace = padSpace;
        IsDefault = isDefault;
    }

    /// <summary>MySQL's id, as in the handshake and in column definitions.</summary>
    public ushort Id { get; }

    public string Name { get; }

    /// <summary>Name of the character set, for example <c>utf8mb4</c>.</summary>
    public string Charset { get; }

    /// <summary>Whether spaces at the end do not count.</summary>
    public bool PadSpace { get; }

    /// <summary>Whether a column of the character set has this collation unless told otherwise.</summary>
    public bool IsDefault { get; }

    /// <summary>Whether strings are compared as bytes.</summary>
    public abstract bool IsBinary { get; }

    /// <summary>Most bytes of a character of the character set, as column definitions multiply lengths.</summary>
    public int BytesPerCharacterMax => Charset switch { "utf8mb4" => 4, "utf8mb3" => 3, _ => 1 };

    /// <summary>All collations, by id.</summary>
    public static IReadOnlyList<Collation> All { get; } = [.. ById.Values.OrderBy(c => c.Id)];

    /// <summary>The collation of an id that is known to exist.</summary>
    /// <exception cref="InvariantViolatedException">There is none.</exception>
    public static Collation Get(ushort id)
    {
        var found = ById.TryGetValue(id, out var collation);
        Invariant.Require(found, $"collation {id} is known where it is used");
        return collation!; // Found.
    }

    public static bool TryGet(ushort id, [NotNullWhen(true)] out Collation? collation) => ById.TryGetValue(id, out collation);

    /// <summary>Finds a collation by name without regard to case; utf8_… means utf8mb3_….</summary>
    public static bool TryGet(string name, [NotNullWhen(true)] out Collation? collation) =>
        ByName.TryGetValue(
            name.StartsWith("utf8_", StringComparison.OrdinalIgnoreCase) ? string.Concat("utf8mb3_", name.AsSpan(5)) : name,
            out collation);

    /// <summary>The default collation of a character set, without regard to case; utf8 means utf8mb3.</summary>
    public static bool TryGetDefaultOf(string charset, [NotNullWhen(true)] out Collation? collation)
    {
        var name = charset.Equals("utf8", StringComparison.OrdinalIgnoreCase) ? "utf8mb3" : charset;
        collation = All.FirstOrDefault(c => c.IsDefault && c.Charset.Equals(name, StringComparison.OrdinalIgnoreCase));
        return collation is not null;
    }

    /// <summary>Negative, zero or positive.</summary>
    public abstract int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right);

    public virtual bool AreEqual(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => Compare(left, right) == 0;

    /// <summary>Equal for equal strings. Stable across processes and versions.</summary>
    public abstract ulong Hash(ReadOnlySpan<byte> value);

    /// <summary>Appends bytes whose order is the order of the strings.</summary>
    public abstract void AppendSortKey(ReadOnlySpan<byte> value, IBufferWriter<byte> output);

    /// <summary>Whether two characters count as the same, as LIKE compares.</summary>
    public abstract bool AreEqual(Rune left, Rune right);

    /// <summary>The string without the spaces that do not count.</summary>
    private protected ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> value) => PadSpace ? value.TrimEnd((byte)' ') : value;

    private static IEnumerable<Collation> Build() =>
    [
        new BytesCollation(BinaryId, "binary", "binary", padSpace: false, isDefault: true),
        new WeightedCollation(DefaultId, "utf8mb4_0900_ai_ci", "utf8mb4", WeightTable.Uca, padSpace: false, isDefault: true),
        new WeightedCollation(Utf8Mb4GeneralCiId, "utf8mb4_general_ci", "utf8mb4", WeightTable.General),
        new WeightedCollation(224, "utf8mb4_unicode_ci", "utf8mb4", WeightTable.Uca),
        new WeightedCollation(246, "utf8mb4_unicode_520_ci", "utf8mb4", WeightTable.Uca),
        new BytesCollation(Utf8Mb4BinId, "utf8mb4_bin", "utf8mb4", padSpace: true),
        new BytesCollation(309, "utf8mb4_0900_bin", "utf8mb4", padSpace: false),
        new WeightedCollation(33, "utf8mb3_general_ci", "utf8mb3", WeightTable.General, isDefault: true),
        new WeightedCollation(192, "utf8mb3_unicode_ci", "utf8mb3", WeightTable.Uca),
        new BytesCollation(83, "utf8mb3_bin", "utf8mb3", padSpace: true),
        new WeightedCollation(8, "latin1_swedish_ci", "latin1", WeightTable.Latin1Swedish, isDefault: true),
        new BytesCollation(47, "latin1_bin", "latin1", padSpace: true),
        new WeightedCollation(11, "ascii_general_ci", "ascii", WeightTable.Ascii, isDefault: true),
        new BytesCollation(65, "ascii_bin", "ascii", padSpace: true),
    ];

    /// <summary>Compares as bytes, which for UTF-8 is the order of code points.</summary>
    private sealed class BytesCollation(ushort id, string name, string charset, bool padSpace, bool isDefault = false)
        : Collation(id, name, charset, padSpace, isDefault)
    {
        public override bool IsBinary => true;

        public override int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => Trim(left).SequenceCompareTo(Trim(right));

        public override bool AreEqual(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => Trim(left).SequenceEqual(Trim(right));

        public override ulong Hash(ReadOnlySpan<byte> value)
        {
            var hash = StableHash.Seed;
            value = Trim(value);
            for (; value.Length >= sizeof(ulong); value = value[sizeof(ulong)..])
            {
                hash = StableHash.Add(hash, BinaryPrimitives.ReadUInt64LittleEndian(value));
            }

            ulong last = (ulong)value.Length << 56;
            for (var i = 0; i < value.Length; i++)
            {
                last |= (ulong)value[i] << (8 * i);
            }

            return StableHash.Finish(StableHash.Add(hash, last));
        }

        public override void AppendSortKey(ReadOnlySpan<byte> value, IBufferWriter<byte> output) => output.Write(Trim(value));

        public override bool AreEqual(Rune left, Rune right) => left == right;
    }

    /// <summary>Compares by the weights of a table.</summary>
    private sealed class WeightedCollation(
        ushort id, string name, string charset, Lazy<WeightTable> table, bool padSpace = true, bool isDefault = false)
        : Collation(id, name, charset, padSpace, isDefault)
    {
        public override bool IsBinary => false;

        public override int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
        {
            left = Trim(left);
            right = Trim(right);
            var same = left.CommonPrefixLength(right);
            if (same == left.Length && same == right.Length)
            {
                return 0;
            }

            // Equal characters have equal weights; step back to where the differing character begins.
            while (same > 0 && (IsContinuation(left, same) || IsContinuation(right, same)))
            {
                same--;
            }

            Span<ushort> scratch = stackalloc ushort[2 * WeightReader.ScratchSize];
            var leftWeights = new WeightReader(left[same..], table.Value, scratch[WeightReader.ScratchSize..]);
            var rightWeights = new WeightReader(right[same..], table.Value, scratch[..WeightReader.ScratchSize]);
            while (true)
            {
                var a = leftWeights.Next();
                var b = rightWeights.Next();
                if (a != b)
                {
                    return a < b ? -1 : 1;
                }

                if (a == WeightReader.End)
                {
                    return 0;
                }
            }
        }

        public override ulong Hash(ReadOnlySpan<byte> value)
        {
            var weights = new WeightReader(Trim(value), table.Value, stackalloc ushort[WeightReader.ScratchSize]);
            var hash = StableHash.Seed;
            for (var weight = weights.Next(); weight != WeightReader.End; weight = weights.Next())
            {
                hash = StableHash.Add(hash, (ulong)weight);
            }

            return StableHash.Finish(hash);
        }

        public override void AppendSortKey(ReadOnlySpan<byte> value, IBufferWriter<byte> output)
        {
            var weights = new WeightReader(Trim(value), table.Value, stackalloc ushort[WeightReader.ScratchSize]);
            for (var weight = weights.Next(); weight != WeightReader.End; weight = weights.Next())
            {
                BinaryPrimitives.WriteUInt16BigEndian(output.GetSpan(2), (ushort)weight);
                output.Advance(2);
            }
        }

        public override bool AreEqual(Rune left, Rune right)
        {
            Span<ushort> scratch = stackalloc ushort[2 * WeightReader.ScratchSize];
            return left == right || table.Value.Weights(left.Value, scratch[WeightReader.ScratchSize..])
                .SequenceEqual(table.Value.Weights(right.Value, scratch[..WeightReader.ScratchSize]));
        }

        private static bool IsContinuation(ReadOnlySpan<byte> text, int at) => at < text.Length && (text[at] & 0xC0) == 0x80;
    }

    /// <summary>The weights of a string, one by one. Bytes that are not UTF-8 count as U+FFFD.</summary>
    private ref struct WeightReader(ReadOnlySpan<byte> text, WeightTable table, Span<ushort> scratch)
    {
        public const int End = -1;
        public const int ScratchSize = 4;

        private readonly WeightTable _table = table;
        private readonly Span<ushort> _scratch = scratch;
        private ReadOnlySpan<byte> _rest = text;
        private ReadOnlySpan<ushort> _pending;

        public int Next()
        {
            while (_pending.IsEmpty)
            {
                if (_rest.IsEmpty)
                {
                    return End;
                }

                Rune.DecodeFromUtf8(_rest, out var rune, out var consumed);
                _rest = _rest[consumed..];
                _pending = _table.Weights(rune.Value, _scratch);
            }

            var weight = _pending[0];
            _pending = _pending[1..];
            return weight;
        }
    }

    /// <summary>Mixes words. Source: constants of SplitMix64 (see Kernel's SeededRandom).</summary>
    private static class StableHash
    {
        public const ulong Seed = 0x9E3779B97F4A7C15;

        public static ulong Add(ulong hash, ulong word) =>
            ulong.RotateLeft((hash ^ word) * 0xBF58476D1CE4E5B9, 27) + Seed;

        public static ulong Finish(ulong hash)
        {
            hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
            hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
            return hash ^ (hash >> 31);
        }
    }
}
