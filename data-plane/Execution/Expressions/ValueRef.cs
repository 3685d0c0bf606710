using Cloud.Execution.Chunks;
using Cloud.Execution.Types;

namespace Cloud.Execution.Expressions;

/// <summary>A value that is not NULL, looked at where it lies: in a column or in a <see cref="Datum"/>. No copies.</summary>
public readonly ref struct ValueRef
{
    public ValueRef(ColumnVector vector, int row)
    {
        Kind = vector.Kind;
        switch (Kind)
        {
            case VectorKind.Int64:
                Bits = (ulong)vector.Int64s[row];
                break;
            case VectorKind.UInt64:
                Bits = vector.UInt64s[row];
                break;
            case VectorKind.Float64:
                Bits = BitConverter.DoubleToUInt64Bits(vector.Float64s[row]);
                break;
            case VectorKind.Float32:
                Bits = BitConverter.SingleToUInt32Bits(vector.Float32s[row]);
                break;
            case VectorKind.Decimal:
                Decimal = vector.Decimals[row];
                break;
            case VectorKind.Time:
                Bits = vector.Times[row].Bits;
                break;
            case VectorKind.Duration:
                Bits = (ulong)vector.Durations[row].Microseconds;
                break;
            default:
                Bytes = vector.Bytes(row);
                break;
        }
    }

    public ValueRef(in Datum datum)
    {
        Kind = datum.Kind;
        switch (Kind)
        {
            case VectorKind.Int64:
                Bits = (ulong)datum.Int64;
                break;
            case VectorKind.UInt64:
                Bits = datum.UInt64;
                break;
            case VectorKind.Float64:
                Bits = BitConverter.DoubleToUInt64Bits(datum.Float64);
                break;
            case VectorKind.Float32:
                Bits = BitConverter.SingleToUInt32Bits(datum.Float32);
                break;
            case VectorKind.Decimal:
                Decimal = datum.Decimal;
                break;
            case VectorKind.Time:
                Bits = datum.Time.Bits;
                break;
            case VectorKind.Duration:
                Bits = (ulong)datum.Duration.Microseconds;
                break;
            default:
                Bytes = datum.Bytes;
                break;
        }
    }

    public VectorKind Kind { get; }

    public ulong Bits { get; }

    public MySqlDecimal Decimal { get; }

    public ReadOnlySpan<byte> Bytes { get; }

    public long Int64 => (long)Bits;

    public double Float64 => Kind == VectorKind.Float32 ? BitConverter.UInt32BitsToSingle((uint)Bits) : BitConverter.UInt64BitsToDouble(Bits);

    public PackedTime Time => new(Bits);

    public MySqlDuration Duration => new((long)Bits);
}
