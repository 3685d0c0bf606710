using System.Text;
using Cloud.Execution.Types;
using Cloud.MySql.Protocol;

namespace Cloud.MySql.Client;

/// <summary>
/// Reads the server's answers. Source: MySQL 8.0 source documentation, "Generic Response Packets", "Text Resultset".
/// </summary>
internal sealed class ResultReader(PacketChannel channel, Capabilities capabilities)
{
    /// <summary>Reads one packet.</summary>
    /// <exception cref="MySqlException">It is an error.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ReadPacketAsync(CancellationToken cancellationToken) =>
        await channel.ReadAsync(cancellationToken)
            ? ThrowIfError(channel.Payload, protocol41: true)
            : throw new EndOfStreamException("The server closed the connection.");

    /// <summary>Reads the result that begins with <paramref name="packet"/>, of text or binary rows.</summary>
    public async ValueTask<MySqlResult> ReadAsync(
        ReadOnlyMemory<byte> packet, bool binary, int rowsMax, CancellationToken cancellationToken)
    {
        switch (packet.Span[0])
        {
            case Wire.OkHeader:
                return ReadOk(packet.Span[1..]);
            case Wire.LocalInfileHeader:
                throw new ProtocolException("The server asks for a local file, which this client never sends.");
            default:
                break;
        }

        var columns = new MySqlColumn[(int)new PacketReader(packet.Span).ReadLengthEncoded()];
        for (var i = 0; i < columns.Length; i++)
        {
            columns[i] = ReadDefinition((await ReadPacketAsync(cancellationToken)).Span);
        }

        if (!capabilities.HasFlag(Capabilities.DeprecateEof))
        {
            await ReadPacketAsync(cancellationToken);
        }

        var rows = new List<string?[]>();
        while (true)
        {
            packet = await ReadPacketAsync(cancellationToken);
            if (packet.Span[0] == Wire.EofHeader && packet.Length < Wire.PacketPayloadMax && (binary || IsEnd(packet.Span)))
            {
                return ReadEnd(packet.Span[1..]) with { Columns = columns, Rows = rows };
            }

            if (rows.Count == rowsMax)
            {
                return new MySqlResult { Columns = columns, Rows = rows, Truncated = true };
            }

            rows.Add(binary ? BinaryProtocol.ReadRow(packet.Span, columns) : ReadTextRow(packet.Span, columns));
        }
    }

    /// <summary>
    /// A text row may begin with the same byte, as the length of a value over 16 MiB, and is then far longer.
    /// </summary>
    private static bool IsEnd(ReadOnlySpan<byte> packet) => packet.Length < 0xFF_FFFF && packet[0] == Wire.EofHeader;

    private MySqlResult ReadEnd(ReadOnlySpan<byte> body)
    {
        if (capabilities.HasFlag(Capabilities.DeprecateEof))
        {
            return ReadOk(body);
        }

        var reader = new PacketReader(body);
        int warnings = reader.ReadUInt16();
        return new MySqlResult { Warnings = warnings, Status = (ServerStatus)reader.ReadUInt16() };
    }

    private static MySqlResult ReadOk(ReadOnlySpan<byte> body)
    {
        var reader = new PacketReader(body);
        var affected = reader.ReadLengthEncoded();
        var insertId = reader.ReadLengthEncoded();
        var status = (ServerStatus)reader.ReadUInt16();
        int warnings = reader.ReadUInt16();
        return new MySqlResult
        {
            AffectedRows = affected,
            LastInsertId = insertId,
            Status = status,
            Warnings = warnings,
            Message = Encoding.UTF8.GetString(reader.Rest),
        };
    }

    private static MySqlColumn ReadDefinition(ReadOnlySpan<byte> packet)
    {
        var reader = new PacketReader(packet);
        reader.ReadLengthEncodedBytes();
        var schema = Encoding.UTF8.GetString(reader.ReadLengthEncodedBytes());
        var table = Encoding.UTF8.GetString(reader.ReadLengthEncodedBytes());
        reader.ReadLengthEncodedBytes();
        var name = Encoding.UTF8.GetString(reader.ReadLengthEncodedBytes());
        reader.ReadLengthEncodedBytes();
        reader.ReadLengthEncoded();
        var collation = reader.ReadUInt16();
        var length = reader.ReadUInt32();
        var type = (MySqlType)reader.ReadByte();
        var flags = (FieldFlags)reader.ReadUInt16();
        return new MySqlColumn(name, type, flags, length, reader.ReadByte(), collation) { Schema = schema, Table = table };
    }

    private static string?[] ReadTextRow(ReadOnlySpan<byte> packet, MySqlColumn[] columns)
    {
        var reader = new PacketReader(packet);
        var row = new string?[columns.Length];
        for (var i = 0; i < row.Length; i++)
        {
            row[i] = reader.TryReadNull() ? null : BinaryProtocol.Text(reader.ReadLengthEncodedBytes(), columns[i]);
        }

        return row;
    }

    /// <summary>Returns the packet unless it is an error.</summary>
    public static ReadOnlyMemory<byte> ThrowIfError(ReadOnlyMemory<byte> packet, bool protocol41)
    {
        if (packet.IsEmpty)
        {
            throw ProtocolException.Malformed();
        }

        if (packet.Span[0] != Wire.ErrorHeader)
        {
            return packet;
        }

        var reader = new PacketReader(packet.Span[1..]);
        int number = reader.ReadUInt16();
        var rest = Encoding.UTF8.GetString(reader.Rest);
        var state = protocol41 || rest.StartsWith('#') ? rest[1..6] : "HY000";
        throw new MySqlException(number, state, rest.StartsWith('#') ? rest[6..] : rest);
    }
}
