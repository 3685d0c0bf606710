using System.Buffers.Binary;

namespace Cloud.Codec;

/// <summary>
/// Timestamps of the placement driver: milliseconds since 1970 UTC in the upper 46 bits, a counter within the
/// millisecond in the lower 18. Stored as a suffix of keys in complemented big-endian form, so that newer versions of a
/// key sort first.
/// Source: PD's hybrid logical timestamps as TiKV stores them.
/// </summary>
public static class Tso
{
    /// <summary>Bits of the counter.</summary>
    public const int LogicalBits = 18;

    /// <summary>Bytes of a timestamp behind a key.</summary>
    public const int SuffixBytes = 8;

    /// <summary>Reads at this timestamp mean the newest committed version.</summary>
    public const ulong Max = ulong.MaxValue;

    public static ulong Compose(long physicalMs, long logical) => ((ulong)physicalMs << LogicalBits) + (ulong)logical;

    /// <summary>Milliseconds since 1970 UTC.</summary>
    public static long PhysicalMs(ulong timestamp) => (long)(timestamp >> LogicalBits);

    public static long Logical(ulong timestamp) => (long)(timestamp & ((1UL << LogicalBits) - 1));

    /// <summary>Writes the 8 bytes that follow a versioned key.</summary>
    public static void WriteSuffix(Span<byte> destination, ulong timestamp) =>
        BinaryPrimitives.WriteUInt64BigEndian(destination, ~timestamp);

    /// <summary>Reads the last 8 bytes of a versioned key.</summary>
    public static ulong ReadSuffix(ReadOnlySpan<byte> key) =>
        ~BinaryPrimitives.ReadUInt64BigEndian(key[^SuffixBytes..]);
}
