using Cloud.Codec;
using Cloud.Codec.Tables;
using Cloud.Execution.Chunks;
using Cloud.Execution.Types;

namespace Cloud.Execution.Expressions;

/// <summary>Order and identity of values in columns.</summary>
public static class ColumnOrder
{
    /// <summary>NULL sorts first and equals itself.</summary>
    public static int Compare(ColumnVector left, int leftRow, ColumnVector right, int rightRow, Collation collation)
    {
        var leftNull = left.IsNull(leftRow);
        if (leftNull || right.IsNull(rightRow))
        {
            return leftNull ? right.IsNull(rightRow) ? 0 : -1 : 1;
        }

        return left.Kind switch
        {
            VectorKind.Int64 => left.Int64s[leftRow].CompareTo(right.Int64s[rightRow]),
            VectorKind.UInt64 => left.UInt64s[leftRow].CompareTo(right.UInt64s[rightRow]),
            VectorKind.Float64 => left.Float64s[leftRow].CompareTo(right.Float64s[rightRow]),
            VectorKind.Float32 => left.Float32s[leftRow].CompareTo(right.Float32s[rightRow]),
            VectorKind.Decimal => left.Decimals[leftRow].CompareTo(right.Decimals[rightRow]),
            VectorKind.Time => left.Times[leftRow].CompareTo(right.Times[rightRow]),
            VectorKind.Duration => left.Durations[leftRow].CompareTo(right.Durations[rightRow]),
            _ => collation.Compare(left.Bytes(leftRow), right.Bytes(rightRow)),
        };
    }

    /// <summary>Appends bytes that are equal for values that are equal (text: by the collation), NULL being one value.</summary>
    public static void AppendIdentity(ColumnVector vector, int row, Collation collation, ByteBuffer output)
    {
        if (vector.IsNull(row))
        {
            output.WriteByte(0);
            return;
        }

        output.WriteByte(1);
        switch (vector.Kind)
        {
            case VectorKind.Int64:
                output.WriteUInt64LittleEndian((ulong)vector.Int64s[row]);
                break;
            case VectorKind.UInt64:
                output.WriteUInt64LittleEndian(vector.UInt64s[row]);
                break;
            case VectorKind.Float64:
                KeyDatum.WriteDouble(output, vector.Float64s[row]);
                break;
            case VectorKind.Float32:
                KeyDatum.WriteDouble(output, vector.Float32s[row]);
                break;
            case VectorKind.Decimal:
                AppendDecimal(vector.Decimals[row], output);
                break;
            case VectorKind.Time:
                output.WriteUInt64LittleEndian(vector.Times[row].Bits);
                break;
            case VectorKind.Duration:
                output.WriteUInt64LittleEndian((ulong)vector.Durations[row].Microseconds);
                break;
            default:
                AppendText(vector.Bytes(row), collation, output);
                break;
        }
    }

    private static void AppendDecimal(in MySqlDecimal value, ByteBuffer output)
    {
        // Trailing zeros are dropped, so that equal values of different scales have one form.
        Span<byte> text = stackalloc byte[MySqlDecimal.TextBytesMax];
        var length = value.Format(text);
        var trimmed = text[..length];
        if (trimmed.Contains((byte)'.'))
        {
            trimmed = trimmed.TrimEnd((byte)'0').TrimEnd((byte)'.');
        }

        output.WriteByte((byte)trimmed.Length);
        output.Write(trimmed);
    }

    private static void AppendText(ReadOnlySpan<byte> text, Collation collation, ByteBuffer output)
    {
        var start = output.Length;
        if (collation.IsBinary && !collation.PadSpace)
        {
            output.Write(text);
        }
        else
        {
            collation.AppendSortKey(text, output);
        }

        // Read from its end, a row of identities splits in one way only, so that no two rows share one.
        output.WriteUInt32LittleEndian((uint)(output.Length - start));
    }
}
