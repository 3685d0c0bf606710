using System.Buffers.Binary;

namespace Cloud.Codec.Tables;

/// <summary>The first byte of a datum in a key, which sorts NULL before everything.</summary>
public enum KeyDatumFlag : byte
{
    Null = 0,

    /// <summary>Memcomparable bytes.</summary>
    Bytes = 1,

    /// <summary>8 bytes, big-endian, sign bit flipped.</summary>
    Int = 3,

    /// <summary>8 bytes, big-endian; also packed times.</summary>
    UInt = 4,

    /// <summary>8 bytes of a double that sort as it does.</summary>
    Float = 5,

    /// <summary>Precision, scale, and MySQL's binary form.</summary>
    Decimal = 6,

    /// <summary>8 bytes, big-endian, sign bit flipped: nanoseconds in TiDB, microseconds here times 1000.</summary>
    Duration = 7,

    /// <summary>Greater than every datum; only in the bounds of ranges.</summary>
    Max = 250,
}

/// <summary>
/// Datums inside keys, in a form whose byte order is the order of the values and that tells where it ends.
/// Source: TiDB's datum flags (KV-PROTOCOL Annex B); floats as in the MyRocks record format.
/// </summary>
public static class KeyDatum
{
    private const ulong SignBit = 1UL << 63;
    private const long NanosecondsPerMicrosecond = 1000;

    public static void WriteNull(ByteBuffer buffer) => buffer.WriteByte((byte)KeyDatumFlag.Null);

    public static void WriteMax(ByteBuffer buffer) => buffer.WriteByte((byte)KeyDatumFlag.Max);

    public static void WriteInt64(ByteBuffer buffer, long value)
    {
        buffer.WriteByte((byte)KeyDatumFlag.Int);
        buffer.WriteUInt64BigEndian((ulong)value ^ SignBit);
    }

    public static void WriteUInt64(ByteBuffer buffer, ulong value)
    {
        buffer.WriteByte((byte)KeyDatumFlag.UInt);
        buffer.WriteUInt64BigEndian(value);
    }

    /// <summary>Negative zero is written as zero, to which it is equal.</summary>
    public static void WriteDouble(ByteBuffer buffer, double value)
    {
        var bits = BitConverter.DoubleToUInt64Bits(value == 0 ? 0 : value);
        buffer.WriteByte((byte)KeyDatumFlag.Float);
        buffer.WriteUInt64BigEndian((bits & SignBit) != 0 ? ~bits : bits | SignBit);
    }

    /// <summary>Text must come as the sort key of its collation.</summary>
    public static void WriteBytes(ByteBuffer buffer, ReadOnlySpan<byte> value)
    {
        buffer.WriteByte((byte)KeyDatumFlag.Bytes);
        buffer.WriteMemComparable(value);
    }

    /// <param name="binary">MySQL's binary form of the value in DECIMAL(precision, scale).</param>
    public static void WriteDecimal(ByteBuffer buffer, int precision, int scale, ReadOnlySpan<byte> binary)
    {
        buffer.WriteByte((byte)KeyDatumFlag.Decimal);
        buffer.WriteByte((byte)precision);
        buffer.WriteByte((byte)scale);
        buffer.Write(binary);
    }

    public static void WriteDuration(ByteBuffer buffer, long microseconds)
    {
        buffer.WriteByte((byte)KeyDatumFlag.Duration);
        buffer.WriteUInt64BigEndian((ulong)(microseconds * NanosecondsPerMicrosecond) ^ SignBit);
    }

    /// <summary>Bytes of the datum at the front, with its flag; 0 when it is malformed.</summary>
    /// <param name="decimalBytes">Length of the binary form for a precision and scale; the form's rules are the caller's.</param>
    public static int LengthOf(ReadOnlySpan<byte> source, Func<int, int, int> decimalBytes)
    {
        if (source.IsEmpty)
        {
            return 0;
        }

        var length = (KeyDatumFlag)source[0] switch
        {
            KeyDatumFlag.Null => 1,
            KeyDatumFlag.Bytes => 1 + MemComparable.EncodedSpan(source[1..]),
            KeyDatumFlag.Int or KeyDatumFlag.UInt or KeyDatumFlag.Float or KeyDatumFlag.Duration => 9,
            KeyDatumFlag.Decimal when source.Length >= 3 => 3 + decimalBytes(source[1], source[2]),
            _ => 0,
        };
        return length <= source.Length ? Math.Max(length, 0) : 0;
    }

    public static long ReadInt64(ReadOnlySpan<byte> datum) => (long)(BinaryPrimitives.ReadUInt64BigEndian(datum[1..]) ^ SignBit);

    public static ulong ReadUInt64(ReadOnlySpan<byte> datum) => BinaryPrimitives.ReadUInt64BigEndian(datum[1..]);

    public static double ReadDouble(ReadOnlySpan<byte> datum)
    {
        var bits = BinaryPrimitives.ReadUInt64BigEndian(datum[1..]);
        return BitConverter.UInt64BitsToDouble((bits & SignBit) != 0 ? bits & ~SignBit : ~bits);
    }

    /// <summary>Microseconds.</summary>
    public static long ReadDuration(ReadOnlySpan<byte> datum) => ReadInt64(datum) / NanosecondsPerMicrosecond;
}
