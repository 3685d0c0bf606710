using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Cloud.Execution.Types;
using static Cloud.Execution.Expressions.TypedExpressions;

namespace Cloud.Execution.Expressions.Functions;

/// <summary>Hashes and encodings of bytes.</summary>
internal static class HashFunctions
{
    public static void AddTo(FunctionSet set)
    {
        set.Add("MD5", 1, 1, AsText, FieldType.VarChar(32), static (f, row) => Hex(f, MD5.HashData(f.Bytes(0, row))));
        set.Add("SHA1", 1, 1, AsText, FieldType.VarChar(40), static (f, row) => Hex(f, SHA1.HashData(f.Bytes(0, row))));
        set.Add("SHA", 1, 1, AsText, FieldType.VarChar(40), static (f, row) => Hex(f, SHA1.HashData(f.Bytes(0, row))));
        set.Add("SHA2", 2, 2, [AsText, AsInt64], FieldType.VarChar(128), Sha2);
        set.Add("CRC32", 1, 1, AsText, FunctionSet.Unsigned, static (f, row) => f.Result.Append((ulong)Crc32(f.Bytes(0, row))));
        set.Add("HEX", 1, 1, arguments => TypeRules.IsNumber(arguments[0].Type)
            ? new FunctionExpression("HEX", FieldType.VarChar(16), [AsInt64(arguments[0])], HexNumber, nullIfAnyNull: true)
            : new FunctionExpression("HEX", FieldType.VarChar(), [AsText(arguments[0])], HexText, nullIfAnyNull: true));
        set.Add("UNHEX", 1, 1, AsText, FieldType.VarBinary(), Unhex);
        set.Add("TO_BASE64", 1, 1, AsText, FieldType.VarChar(), ToBase64);
        set.Add("FROM_BASE64", 1, 1, AsText, FieldType.VarBinary(), FromBase64);
        set.Add("UUID_TO_BIN", 1, 1, AsText, FieldType.VarBinary(16), UuidToBinary);
        set.Add("BIN_TO_UUID", 1, 1, AsText, FieldType.VarChar(36), BinaryToUuid);
    }

    private static void Hex(FunctionFrame f, ReadOnlySpan<byte> bytes) =>
        f.Result.Append(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(bytes)));

    private static void Sha2(FunctionFrame f, int row)
    {
        var text = f.Bytes(0, row);
        switch (f.Int64(1, row))
        {
            case 0 or 256:
                Hex(f, SHA256.HashData(text));
                break;
            case 384:
                Hex(f, SHA384.HashData(text));
                break;
            case 512:
                Hex(f, SHA512.HashData(text));
                break;
            default:
                f.Result.AppendNull();
                break;
        }
    }

    /// <summary>Source: ISO 3309, reflected polynomial EDB88320.</summary>
    private static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var octet in bytes)
        {
            crc ^= octet;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (0xEDB88320 & (uint)-(int)(crc & 1));
            }
        }

        return ~crc;
    }

    private static void HexNumber(FunctionFrame f, int row) =>
        f.Result.Append(Encoding.ASCII.GetBytes(f.Int64(0, row).ToString("X")));

    private static void HexText(FunctionFrame f, int row) => f.Result.Append(Encoding.ASCII.GetBytes(Convert.ToHexString(f.Bytes(0, row))));

    private static void Unhex(FunctionFrame f, int row)
    {
        var digits = Encoding.UTF8.GetString(f.Bytes(0, row));
        digits = digits.Length % 2 == 0 ? digits : "0" + digits;
        if (digits.All(char.IsAsciiHexDigit))
        {
            f.Result.Append(Convert.FromHexString(digits));
        }
        else
        {
            f.Result.AppendNull();
        }
    }

    /// <summary>A line break after each 76 characters, as MySQL has it.</summary>
    private static void ToBase64(FunctionFrame f, int row)
    {
        const int LineCharacters = 76;
        var encoded = Convert.ToBase64String(f.Bytes(0, row));
        for (var i = 0; i < encoded.Length; i += LineCharacters)
        {
            if (i > 0)
            {
                f.Buffer.WriteByte((byte)'\n');
            }

            f.Buffer.Write(Encoding.ASCII.GetBytes(encoded.Substring(i, Math.Min(LineCharacters, encoded.Length - i))));
        }

        f.Result.Append(f.Buffer.Written);
    }

    private static void FromBase64(FunctionFrame f, int row)
    {
        var text = f.Bytes(0, row);
        var target = f.Result.Reserve(Base64.GetMaxDecodedFromUtf8Length(text.Length + 3));
        if (Base64.DecodeFromUtf8(text, target, out _, out var written) == System.Buffers.OperationStatus.Done)
        {
            f.Result.Commit(written);
        }
        else
        {
            f.Result.AppendNull();
        }
    }

    private static void UuidToBinary(FunctionFrame f, int row)
    {
        if (!Guid.TryParse(Encoding.UTF8.GetString(f.Bytes(0, row)), out var value))
        {
            throw new SqlException(1411, "HY000", $"Incorrect string value: '{Encoding.UTF8.GetString(f.Bytes(0, row))}' for function uuid_to_bin");
        }

        f.Result.Append(value.ToByteArray(bigEndian: true));
    }

    private static void BinaryToUuid(FunctionFrame f, int row)
    {
        if (f.Bytes(0, row).Length != 16)
        {
            throw new SqlException(1411, "HY000", "Incorrect string value for function bin_to_uuid");
        }

        f.Result.Append(Encoding.ASCII.GetBytes(new Guid(f.Bytes(0, row), bigEndian: true).ToString()));
    }
}
