using Cloud.Execution.Types;

namespace Cloud.MySql.Server;

/// <summary>
/// The length of column definitions: bytes of the longest value, which clients allocate and format by.
/// </summary>
internal static class ColumnLength
{
    // Four bytes for each of utf8mb4's characters, whatever the column's own character set: that is how text is sent.
    private const uint BytesPerCharacter = 4;

    public static uint Of(FieldType type)
    {
        if (type.IsString)
        {
            return OfString(type);
        }

        return type.Type switch
        {
            MySqlType.TinyInt => Width(type, 4),
            MySqlType.SmallInt => Width(type, 6),
            MySqlType.MediumInt => Width(type, 9),
            MySqlType.Int => Width(type, 11),
            MySqlType.BigInt => Width(type, 20),
            MySqlType.Year => 4,
            MySqlType.Bit => Width(type, 1),
            MySqlType.Float => Width(type, 12),
            MySqlType.Double => Width(type, 22),
            MySqlType.Date => 10,
            MySqlType.Time => 10 + Fraction(type),
            MySqlType.DateTime or MySqlType.Timestamp => 19 + Fraction(type),
            MySqlType.Decimal or MySqlType.OldDecimal => OfDecimal(type),
            _ => 0,
        };
    }

    private static uint OfString(FieldType type)
    {
        var length = type.Length >= 0 ? (uint)type.Length : type.Type switch
        {
            MySqlType.TinyBlob => byte.MaxValue,
            MySqlType.Blob => ushort.MaxValue,
            MySqlType.MediumBlob => 0xFF_FFFF,
            MySqlType.LongBlob or MySqlType.Json => uint.MaxValue,
            MySqlType.Null => 0,
            _ => 1024,
        };
        var blob = type.Type is MySqlType.TinyBlob or MySqlType.Blob or MySqlType.MediumBlob or MySqlType.LongBlob or MySqlType.Json;
        return type.IsText && !blob ? (uint)Math.Min((ulong)length * BytesPerCharacter, uint.MaxValue) : length;
    }

    /// <summary>Digits, and room for a sign and a point.</summary>
    private static uint OfDecimal(FieldType type)
    {
        var precision = type.Length > 0 ? (uint)type.Length : 10;
        return precision + (type.Decimals > 0 ? 1u : 0) + (type.IsUnsigned ? 0u : 1);
    }

    private static uint Width(FieldType type, uint standard) => type.Length > 0 ? (uint)type.Length : standard;

    private static uint Fraction(FieldType type) => type.FractionDigits > 0 ? (uint)type.FractionDigits + 1 : 0;
}
