using Cloud.Execution.Chunks;
using Cloud.Execution.Types;
using Cloud.Sql.Catalog;

namespace Cloud.Sql.Statements;

/// <summary>Rows on their way from reading to writing.</summary>
internal static class RowBuffer
{
    private const int DatumBytes = 24;

    /// <summary>A row of a chunk, accounted for as memory of the statement.</summary>
    public static Datum[] Read(Chunk chunk, int physicalRow, EvaluationContext context)
    {
        var row = new Datum[chunk.ColumnCount];
        long bytes = row.Length * DatumBytes;
        for (var i = 0; i < row.Length; i++)
        {
            row[i] = Datum.FromVector(chunk[i], physicalRow);
            bytes += !row[i].IsNull && row[i].Kind == VectorKind.Bytes ? row[i].Bytes.Length : 0;
        }

        context.Hold(bytes);
        return row;
    }

    /// <summary>Whether two rows are the same to the byte: then nothing is written and the row does not count as changed.</summary>
    public static bool AreSame(Datum[] left, Datum[] right, TableDefinition table)
    {
        for (var i = 0; i < table.Columns.Count; i++)
        {
            if (!AreSame(left[i], right[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool AreSame(in Datum left, in Datum right)
    {
        if (left.IsNull || right.IsNull)
        {
            return left.IsNull == right.IsNull;
        }

        return left.Kind switch
        {
            VectorKind.Bytes => left.Bytes.AsSpan().SequenceEqual(right.Bytes),
            VectorKind.Decimal => left.Decimal == right.Decimal,
            VectorKind.Float64 => left.Float64.Equals(right.Float64),
            VectorKind.Float32 => left.Float32.Equals(right.Float32),
            VectorKind.Time => left.Time == right.Time,
            VectorKind.Duration => left.Duration == right.Duration,
            VectorKind.UInt64 => left.UInt64 == right.UInt64,
            _ => left.Int64 == right.Int64,
        };
    }
}

/// <summary>Values that columns have when nobody gives one.</summary>
internal static class RowDefaults
{
    /// <summary>NULL where there is no default.</summary>
    public static Datum ValueOf(ColumnDefinition column, EvaluationContext context) => column.DefaultKind switch
    {
        DefaultKind.CurrentTimestamp => Now(column, context),
        DefaultKind.Value => column.Default,
        _ => Datum.Null,
    };

    public static Datum Now(ColumnDefinition column, EvaluationContext context) =>
        Datum.FromTime(context.Now.TruncateFraction(column.Type.FractionDigits));

    /// <summary>What lax sql_mode puts where a value is missing.</summary>
    public static Datum ZeroOf(FieldType type) => type.Kind switch
    {
        VectorKind.Int64 => Datum.FromInt64(0),
        VectorKind.UInt64 => Datum.FromUInt64(0),
        VectorKind.Float64 => Datum.FromDouble(0),
        VectorKind.Float32 => Datum.FromFloat(0),
        VectorKind.Decimal => Datum.FromDecimal(MySqlDecimal.Zero),
        VectorKind.Time => Datum.FromTime(PackedTime.Zero),
        VectorKind.Duration => Datum.FromDuration(default),
        _ => Datum.FromBytes(type is { Type: MySqlType.String, IsText: false } ? new byte[type.Length] : []),
    };

    /// <summary>Greatest AUTO_INCREMENT value of a type.</summary>
    public static ulong MaxOf(FieldType type) => (type.Type, type.IsUnsigned) switch
    {
        (MySqlType.TinyInt, false) => (ulong)sbyte.MaxValue,
        (MySqlType.TinyInt, true) => byte.MaxValue,
        (MySqlType.SmallInt, false) => (ulong)short.MaxValue,
        (MySqlType.SmallInt, true) => ushort.MaxValue,
        (MySqlType.MediumInt, false) => (1UL << 23) - 1,
        (MySqlType.MediumInt, true) => (1UL << 24) - 1,
        (MySqlType.Int, false) => int.MaxValue,
        (MySqlType.Int, true) => uint.MaxValue,
        (MySqlType.BigInt, true) => ulong.MaxValue - 1,
        _ => long.MaxValue,
    };
}
