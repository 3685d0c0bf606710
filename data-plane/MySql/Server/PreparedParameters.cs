using System.Buffers.Binary;
using Cloud.Execution.Expressions;
using Cloud.Execution.Types;
using Cloud.MySql.Protocol;

namespace Cloud.MySql.Server;

/// <summary>
/// What the connection keeps of a prepared statement: types of its parameters from the last execution, and data sent in
/// pieces.
/// Source: MySQL 8.0 source documentation, "COM_STMT_EXECUTE", "COM_STMT_SEND_LONG_DATA", "Binary Protocol Value".
/// </summary>
internal sealed class PreparedParameters(int count)
{
    private readonly ushort[] _types = new ushort[count];
    private readonly List<byte>?[] _long = new List<byte>?[count];
    private bool _typesKnown;
    private long _longBytes;

    public int Count => count;

    /// <summary>
    /// Set when a piece of data could not be taken; reported by the next execution, as the command itself has no
    /// answer.
    /// </summary>
    public SqlException? Failure { get; private set; }

    /// <summary>Appends data to a parameter.</summary>
    public void AppendLong(int parameter, ReadOnlySpan<byte> data, int bytesMax)
    {
        if ((uint)parameter >= (uint)count)
        {
            Failure ??= new SqlException(1210, "HY000", $"Incorrect arguments to mysqld_stmt_send_long_data: no parameter {parameter}");
            return;
        }

        _longBytes += data.Length;
        if (_longBytes > bytesMax)
        {
            Failure ??= new SqlException(
                1301, "HY000", $"Parameters of prepared statement set through mysql_send_long_data() are longer than max_allowed_packet ({bytesMax})");
            return;
        }

        (_long[parameter] ??= []).AddRange(data);
    }

    /// <summary>Forgets data sent in pieces (COM_STMT_RESET, and after each execution).</summary>
    public void ResetLong()
    {
        Array.Clear(_long);
        _longBytes = 0;
        Failure = null;
    }

    /// <summary>Reads the values of an execution from what follows the iteration count.</summary>
    /// <exception cref="ProtocolException">Malformed.</exception>
    public Datum[] Read(ref PacketReader reader)
    {
        if (count == 0)
        {
            return [];
        }

        var nulls = reader.ReadBytes((count + 7) / 8);
        if (reader.ReadByte() != 0)
        {
            for (var i = 0; i < count; i++)
            {
                _types[i] = reader.ReadUInt16();
            }

            _typesKnown = true;
        }

        if (!_typesKnown)
        {
            throw ProtocolException.Malformed();
        }

        var values = new Datum[count];
        for (var i = 0; i < count; i++)
        {
            if (_long[i] is { } data)
            {
                values[i] = Datum.FromBytes([.. data]);
            }
            else if ((nulls[i / 8] & (1 << (i % 8))) == 0)
            {
                values[i] = ReadValue(ref reader, (MySqlType)(byte)_types[i], unsigned: (_types[i] & 0x8000) != 0);
            }
        }

        return values;
    }

    private static Datum ReadValue(ref PacketReader reader, MySqlType type, bool unsigned)
    {
        switch (type)
        {
            case MySqlType.Null:
                return Datum.Null;
            case MySqlType.TinyInt:
                var tiny = reader.ReadByte();
                return Integer(unsigned ? tiny : (sbyte)tiny, unsigned);
            case MySqlType.SmallInt or MySqlType.Year:
                var small = reader.ReadUInt16();
                return Integer(unsigned ? small : (short)small, unsigned);
            case MySqlType.Int or MySqlType.MediumInt:
                var medium = reader.ReadUInt32();
                return Integer(unsigned ? medium : (int)medium, unsigned);
            case MySqlType.BigInt:
                return Integer((long)reader.ReadUInt64(), unsigned);
            case MySqlType.Float:
                return Datum.FromFloat(BinaryPrimitives.ReadSingleLittleEndian(reader.ReadBytes(sizeof(float))));
            case MySqlType.Double:
                return Datum.FromDouble(BinaryPrimitives.ReadDoubleLittleEndian(reader.ReadBytes(sizeof(double))));
            case MySqlType.Date or MySqlType.DateTime or MySqlType.Timestamp:
                return ReadTime(reader.ReadBytes(reader.ReadByte()));
            case MySqlType.Time:
                return ReadDuration(reader.ReadBytes(reader.ReadByte()));
            case MySqlType.Decimal or MySqlType.OldDecimal:
                MySqlDecimal.Parse(reader.ReadLengthEncodedBytes(), out var number);
                return Datum.FromDecimal(number);
            default:
                return Datum.FromBytes(reader.ReadLengthEncodedBytes().ToArray());
        }
    }

    private static Datum Integer(long value, bool unsigned) => unsigned ? Datum.FromUInt64((ulong)value) : Datum.FromInt64(value);

    private static Datum ReadTime(ReadOnlySpan<byte> value)
    {
        if (value.Length is not (0 or 4 or 7 or 11))
        {
            throw ProtocolException.Malformed();
        }

        if (value.IsEmpty)
        {
            return Datum.FromTime(PackedTime.Zero);
        }

        var year = BinaryPrimitives.ReadUInt16LittleEndian(value);
        int month = value[2], day = value[3];
        var (hour, minute, second) = value.Length > 4 ? (value[4], value[5], value[6]) : (0, 0, 0);
        var microsecond = value.Length > 7 ? BinaryPrimitives.ReadUInt32LittleEndian(value[7..]) : 0;
        if (year > PackedTime.YearMax || month > 12 || day > 31 || hour > 23 || minute > 59 || second > 59 || microsecond > 999_999)
        {
            throw new SqlException(1292, "22007", $"Incorrect datetime value: '{year}-{month}-{day} {hour}:{minute}:{second}'");
        }

        return Datum.FromTime(PackedTime.Create(year, month, day, hour, minute, second, (int)microsecond));
    }

    private static Datum ReadDuration(ReadOnlySpan<byte> value)
    {
        if (value.Length is not (0 or 8 or 12))
        {
            throw ProtocolException.Malformed();
        }

        if (value.IsEmpty)
        {
            return Datum.FromDuration(default);
        }

        var days = BinaryPrimitives.ReadUInt32LittleEndian(value[1..]);
        var microsecond = value.Length > 8 ? BinaryPrimitives.ReadUInt32LittleEndian(value[8..]) : 0;
        if (days > 34 || value[5] > 23 || value[6] > 59 || value[7] > 59 || microsecond > 999_999)
        {
            throw new SqlException(1292, "22007", $"Incorrect time value: '{days} {value[5]}:{value[6]}:{value[7]}'");
        }

        var hours = (int)(days * 24) + value[5];
        return Datum.FromDuration(MySqlDuration.Create(value[0] != 0, hours, value[6], value[7], (int)microsecond).Clamp());
    }
}
