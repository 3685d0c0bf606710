using Cloud.Execution.Types;
using Cloud.Sql.Ast;

namespace Cloud.Sql.Catalog;

/// <summary>Types as written become types as stored, with MySQL's limits and defaults.</summary>
internal static class ColumnTypes
{
    private const int CharLengthMax = 255;
    private const int VarBytesMax = 65535;
    private const int DefaultDecimalPrecision = 10;

    /// <param name="collation">Of the table; the column's own comes first.</param>
    public static FieldType OfColumn(DataTypeSpec spec, string column, Collation collation)
    {
        if (spec.Charset is not null || spec.Collation is not null)
        {
            collation = Charsets.Resolve(spec.Charset ?? (spec.Collation is null ? collation.Charset : null), spec.Collation);
        }

        if (spec.BinaryCollation)
        {
            collation = Charsets.RequireCollation(collation.Charset + "_bin");
        }

        return spec.Name switch
        {
            "TINYINT" => Integer(MySqlType.TinyInt, spec, spec.Unsigned ? 3 : 4),
            "SMALLINT" => Integer(MySqlType.SmallInt, spec, spec.Unsigned ? 5 : 6),
            "MEDIUMINT" => Integer(MySqlType.MediumInt, spec, spec.Unsigned ? 8 : 9),
            "INT" => Integer(MySqlType.Int, spec, spec.Unsigned ? 10 : 11),
            "BIGINT" => Integer(MySqlType.BigInt, spec, 20),
            "DECIMAL" => Decimal(spec, column),
            "FLOAT" => Real(spec.Length is > 24 && spec.Decimals is null ? MySqlType.Double : MySqlType.Float, spec, column, 12),
            "DOUBLE" => Real(MySqlType.Double, spec, column, 22),
            "BIT" => new FieldType { Type = MySqlType.Bit, Length = Range(spec.Length ?? 1, 1, 64, column), Decimals = 0, Flags = FieldFlags.Unsigned | FieldFlags.Binary },
            "YEAR" => new FieldType { Type = MySqlType.Year, Length = 4, Decimals = 0, Flags = FieldFlags.Unsigned | FieldFlags.ZeroFill | FieldFlags.Binary },
            "DATE" => FieldType.Temporal(MySqlType.Date),
            "TIME" => FieldType.Temporal(MySqlType.Time, Fraction(spec, column)),
            "DATETIME" => FieldType.Temporal(MySqlType.DateTime, Fraction(spec, column)),
            "TIMESTAMP" => FieldType.Temporal(MySqlType.Timestamp, Fraction(spec, column)),
            _ => Text(spec, column, collation),
        };
    }

    public static FieldType OfCast(DataTypeSpec spec)
    {
        switch (spec.Name)
        {
            case "SIGNED":
                return FieldType.BigInt;
            case "UNSIGNED":
                return FieldType.UnsignedBigInt;
            case "CHAR":
                return FieldType.VarChar(spec.Length ?? FieldType.Unspecified, Charsets.Resolve(spec.Charset, spec.Collation).Id);
            case "BINARY":
                return spec.Length is { } length
                    ? new FieldType { Type = MySqlType.String, Length = length, Flags = FieldFlags.Binary }
                    : FieldType.VarBinary();
            case "YEAR":
                throw Errors.NotSupported("CAST to YEAR");
            default:
                return OfColumn(spec, "CAST", Collation.Get(Collation.DefaultId));
        }
    }

    private static FieldType Integer(MySqlType type, DataTypeSpec spec, int width) => new()
    {
        Type = type,
        Length = spec.Length ?? width,
        Decimals = 0,
        Flags = Flags(spec),
    };

    private static FieldFlags Flags(DataTypeSpec spec) =>
        FieldFlags.Binary | (spec.Unsigned ? FieldFlags.Unsigned : FieldFlags.None) | (spec.Zerofill ? FieldFlags.ZeroFill : FieldFlags.None);

    private static FieldType Decimal(DataTypeSpec spec, string column)
    {
        var precision = spec.Length is null or 0 ? DefaultDecimalPrecision : spec.Length.Value;
        var scale = spec.Decimals ?? 0;
        if (precision > MySqlDecimal.PrecisionMax)
        {
            throw Errors.TooBigPrecision(precision, column, MySqlDecimal.PrecisionMax);
        }

        if (scale > MySqlDecimal.ScaleMax)
        {
            throw Errors.TooBigScale(scale, column, MySqlDecimal.ScaleMax);
        }

        return scale > precision
            ? throw Errors.ScaleOverPrecision(column)
            : FieldType.Decimal(precision, scale) with { Flags = Flags(spec) };
    }

    private static FieldType Real(MySqlType type, DataTypeSpec spec, string column, int width)
    {
        if (spec is { Length: { } length, Decimals: { } decimals })
        {
            return decimals > length || decimals > MySqlDecimal.ScaleMax || length > 255
                ? throw Errors.ScaleOverPrecision(column)
                : new FieldType { Type = type, Length = length, Decimals = decimals, Flags = Flags(spec) };
        }

        return new FieldType { Type = type, Length = width, Decimals = FieldType.DecimalsNotFixed, Flags = Flags(spec) };
    }

    private static int Fraction(DataTypeSpec spec, string column) => spec.Length is { } digits and > PackedTime.FractionDigitsMax
        ? throw Errors.TooBigPrecision(digits, column, PackedTime.FractionDigitsMax)
        : spec.Length ?? 0;

    private static int Range(int value, int min, int max, string column) =>
        value >= min && value <= max ? value : throw new SqlException(1439, "42000", $"Display width out of range for column '{column}' (max = {max})");

    private static FieldType Text(DataTypeSpec spec, string column, Collation collation)
    {
        switch (spec.Name)
        {
            case "CHAR":
                return Checked(MySqlType.String, spec.Length ?? 1, CharLengthMax, column, collation);
            case "BINARY":
                return Checked(MySqlType.String, spec.Length ?? 1, CharLengthMax, column, Collation.Get(Collation.BinaryId));
            case "VARCHAR":
                return Checked(
                    MySqlType.VarChar, Required(spec), (VarBytesMax - 2) / collation.BytesPerCharacterMax, column, collation);
            case "VARBINARY":
                return Checked(MySqlType.VarChar, Required(spec), VarBytesMax, column, Collation.Get(Collation.BinaryId));
            default:
                var binary = spec.Name.EndsWith("BLOB", StringComparison.Ordinal);
                var type = spec.Name switch
                {
                    "TINYTEXT" or "TINYBLOB" => MySqlType.TinyBlob,
                    "MEDIUMTEXT" or "MEDIUMBLOB" => MySqlType.MediumBlob,
                    "LONGTEXT" or "LONGBLOB" => MySqlType.LongBlob,
                    "TEXT" or "BLOB" => Sized(spec.Length),
                    _ => throw Errors.NotSupported($"the {spec.Name} type"),
                };
                return new FieldType
                {
                    Type = type,
                    Length = type switch
                    {
                        MySqlType.TinyBlob => byte.MaxValue,
                        MySqlType.Blob => ushort.MaxValue,
                        MySqlType.MediumBlob => (1 << 24) - 1,
                        _ => int.MaxValue,
                    },
                    CollationId = binary ? Collation.BinaryId : collation.Id,
                    Flags = FieldFlags.Blob | (binary ? FieldFlags.Binary : FieldFlags.None),
                };
        }
    }

    /// <summary>TEXT(n) and BLOB(n) take the smallest type that holds n.</summary>
    private static MySqlType Sized(int? length) => length switch
    {
        null or (> 255 and <= 65535) or 0 => MySqlType.Blob,
        <= 255 => MySqlType.TinyBlob,
        <= (1 << 24) - 1 => MySqlType.MediumBlob,
        _ => MySqlType.LongBlob,
    };

    private static int Required(DataTypeSpec spec) => spec.Length ?? throw new SqlException(
        1064, "42000", "You have an error in your SQL syntax; VARCHAR and VARBINARY need a length");

    private static FieldType Checked(MySqlType type, int length, int max, string column, Collation collation) => length > max
        ? throw Errors.ColumnTooLong(column, max)
        : new FieldType
        {
            Type = type,
            Length = length,
            CollationId = collation.Id,
            Flags = collation.Id == Collation.BinaryId ? FieldFlags.Binary : FieldFlags.None,
        };
}
