using System.Globalization;

namespace Cloud.Kernel;

/// <summary>A number of bytes, never negative. Units are binary: 1 KiB is 1,024 bytes.</summary>
public readonly record struct ByteSize : IComparable<ByteSize>
{
    private const long Kibi = 1024;

    private ByteSize(long bytes)
    {
        Invariant.Require(bytes >= 0, $"a size is not negative: {bytes}");
        Bytes = bytes;
    }

    /// <summary>The count of bytes.</summary>
    public long Bytes { get; }

    public static ByteSize Zero => default;

    public static ByteSize FromBytes(long bytes) => new(bytes);

    public static ByteSize FromKiB(long kibibytes) => new(checked(kibibytes * Kibi));

    public static ByteSize FromMiB(long mebibytes) => new(checked(mebibytes * Kibi * Kibi));

    public static ByteSize FromGiB(long gibibytes) => new(checked(gibibytes * Kibi * Kibi * Kibi));

    public static ByteSize operator +(ByteSize left, ByteSize right) => new(checked(left.Bytes + right.Bytes));

    public static ByteSize operator -(ByteSize left, ByteSize right) => new(left.Bytes - right.Bytes);

    public static bool operator <(ByteSize left, ByteSize right) => left.Bytes < right.Bytes;

    public static bool operator >(ByteSize left, ByteSize right) => left.Bytes > right.Bytes;

    public static bool operator <=(ByteSize left, ByteSize right) => left.Bytes <= right.Bytes;

    public static bool operator >=(ByteSize left, ByteSize right) => left.Bytes >= right.Bytes;

    public int CompareTo(ByteSize other) => Bytes.CompareTo(other.Bytes);

    /// <summary>For people: the largest unit that leaves at least 1, with up to two decimals, for example <c>1.5 GiB</c>.</summary>
    public override string ToString()
    {
        ReadOnlySpan<string> units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        var value = (double)Bytes;
        var unit = 0;
        while (value >= Kibi && unit < units.Length - 1)
        {
            value /= Kibi;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.##} {units[unit]}");
    }
}
