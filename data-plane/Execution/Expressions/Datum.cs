using Cloud.Execution.Chunks;
using Cloud.Execution.Types;
using Cloud.Kernel;

namespace Cloud.Execution.Expressions;

/// <summary>
/// One value outside a column: a literal, a parameter, a default, a column of a row being written. Which SQL type it has is told by a
/// <see cref="FieldType"/> beside it. Only decimals are boxed. Immutable; bytes are shared and must not be changed.
/// </summary>
public readonly struct Datum
{
    private readonly object? _reference;
    private readonly ulong _bits;
    private readonly byte _kindPlusOne;

    private Datum(VectorKind kind, ulong bits, object? reference = null)
    {
        _kindPlusOne = (byte)(kind + 1);
        _bits = bits;
        _reference = reference;
    }

    /// <summary>NULL; also the default value.</summary>
    public static Datum Null => default;

    public bool IsNull => _kindPlusOne == 0;

    /// <summary>How the value is held; not to be asked of NULL.</summary>
    public VectorKind Kind
    {
        get
        {
            Invariant.Require(!IsNull, "NULL has no kind");
            return (VectorKind)(_kindPlusOne - 1);
        }
    }

    public long Int64 => (long)Of(VectorKind.Int64);

    public ulong UInt64 => Of(VectorKind.UInt64);

    public double Float64 => BitConverter.UInt64BitsToDouble(Of(VectorKind.Float64));

    public float Float32 => BitConverter.UInt32BitsToSingle((uint)Of(VectorKind.Float32));

    public PackedTime Time => new(Of(VectorKind.Time));

    public MySqlDuration Duration => new((long)Of(VectorKind.Duration));

    public MySqlDecimal Decimal
    {
        get
        {
            Of(VectorKind.Decimal);
            return (MySqlDecimal)_reference!; // The factory of this kind sets it.
        }
    }

    public byte[] Bytes
    {
        get
        {
            Of(VectorKind.Bytes);
            return (byte[])_reference!; // The factory of this kind sets it.
        }
    }

    public static Datum FromInt64(long value) => new(VectorKind.Int64, (ulong)value);

    public static Datum FromUInt64(ulong value) => new(VectorKind.UInt64, value);

    public static Datum FromDouble(double value) => new(VectorKind.Float64, BitConverter.DoubleToUInt64Bits(value));

    public static Datum FromFloat(float value) => new(VectorKind.Float32, BitConverter.SingleToUInt32Bits(value));

    public static Datum FromDecimal(in MySqlDecimal value) => new(VectorKind.Decimal, 0, value);

    public static Datum FromTime(PackedTime value) => new(VectorKind.Time, value.Bits);

    public static Datum FromDuration(MySqlDuration value) => new(VectorKind.Duration, (ulong)value.Microseconds);

    /// <summary>Takes over <paramref name="value"/>.</summary>
    public static Datum FromBytes(byte[] value) => new(VectorKind.Bytes, 0, value);

    /// <summary>The value of a row of a column; bytes are copied.</summary>
    public static Datum FromVector(ColumnVector vector, int row)
    {
        if (vector.IsNull(row))
        {
            return Null;
        }

        return vector.Kind switch
        {
            VectorKind.Int64 => FromInt64(vector.Int64s[row]),
            VectorKind.UInt64 => FromUInt64(vector.UInt64s[row]),
            VectorKind.Float64 => FromDouble(vector.Float64s[row]),
            VectorKind.Float32 => FromFloat(vector.Float32s[row]),
            VectorKind.Decimal => FromDecimal(vector.Decimals[row]),
            VectorKind.Time => FromTime(vector.Times[row]),
            VectorKind.Duration => FromDuration(vector.Durations[row]),
            _ => FromBytes(vector.Bytes(row).ToArray()),
        };
    }

    /// <summary>Appends the value to a column of the same kind.</summary>
    public void AppendTo(ColumnVector vector)
    {
        if (IsNull)
        {
            vector.AppendNull();
            return;
        }

        switch (Kind)
        {
            case VectorKind.Int64:
                vector.Append(Int64);
                break;
            case VectorKind.UInt64:
                vector.Append(UInt64);
                break;
            case VectorKind.Float64:
                vector.Append(Float64);
                break;
            case VectorKind.Float32:
                vector.Append(Float32);
                break;
            case VectorKind.Decimal:
                vector.Append(Decimal);
                break;
            case VectorKind.Time:
                vector.Append(Time);
                break;
            case VectorKind.Duration:
                vector.Append(Duration);
                break;
            default:
                vector.Append(Bytes.AsSpan());
                break;
        }
    }

    /// <summary>For diagnostics; SQL's text form is a cast to a string.</summary>
    public override string ToString() => IsNull ? "NULL" : Kind switch
    {
        VectorKind.Int64 => Int64.ToString(),
        VectorKind.UInt64 => UInt64.ToString(),
        VectorKind.Float64 => Float64.ToString("R"),
        VectorKind.Float32 => Float32.ToString("R"),
        VectorKind.Decimal => Decimal.ToString(),
        VectorKind.Time => Time.ToString(),
        VectorKind.Duration => Duration.ToString(),
        _ => System.Text.Encoding.UTF8.GetString(Bytes),
    };

    private ulong Of(VectorKind kind)
    {
        Invariant.Require(_kindPlusOne == (byte)(kind + 1), "a value is read as the kind it was made with");
        return _bits;
    }
}
