using System.Text;
using Cloud.MySql.Protocol;

namespace Cloud.MySql.Server;

/// <summary>A client's answer to the greeting.</summary>
internal sealed record HandshakeResponse(
    Capabilities Capabilities,
    ushort CollationId,
    string User,
    byte[] AuthResponse,
    string? Database,
    string Plugin,
    IReadOnlyDictionary<string, string> Attributes);

/// <summary>
/// The packets at the beginning of a connection.
/// Source: MySQL 8.0 source documentation, "Connection Phase Packets" (HandshakeV10, SSLRequest, HandshakeResponse41,
/// COM_CHANGE_USER).
/// </summary>
internal static class Handshake
{
    /// <summary>Longest handshake response; MySQL allows 64 KiB of attributes.</summary>
    public const int ResponseBytesMax = 80 * 1024;

    /// <summary>Length of an SSLRequest, which is the beginning of a handshake response.</summary>
    public const int TlsRequestLength = 32;

    private const int AttributesMax = 64;
    private const int AttributeBytesMax = 1024;

    /// <summary>Everything this server can do, but TLS, which needs a certificate.</summary>
    public const Capabilities Offered =
        Capabilities.LongPassword | Capabilities.FoundRows | Capabilities.LongFlag | Capabilities.ConnectWithDatabase
        | Capabilities.Protocol41 | Capabilities.Interactive | Capabilities.Transactions | Capabilities.SecureConnection
        | Capabilities.MultiStatements | Capabilities.MultiResults | Capabilities.PreparedMultiResults | Capabilities.PluginAuth
        | Capabilities.ConnectAttributes | Capabilities.PluginAuthLengthEncodedData | Capabilities.SessionTrack
        | Capabilities.DeprecateEof;

    public static void WriteGreeting(
        PacketChannel channel, PacketBuilder builder, string serverVersion, uint connectionId, byte[] nonce, Capabilities offered, byte collation)
    {
        const int firstPart = 8;
        builder.Start()
            .Byte(10)
            .ZeroTerminatedText(serverVersion)
            .UInt32(connectionId)
            .Bytes(nonce.AsSpan(0, firstPart))
            .Byte(0)
            .UInt16((int)((uint)offered & 0xFFFF))
            .Byte(collation)
            .UInt16((int)ServerStatus.Autocommit)
            .UInt16((int)((uint)offered >> 16))
            .Byte(Wire.NonceLength + 1)
            .Zeros(10)
            .Bytes(nonce.AsSpan(firstPart))
            .Byte(0)
            .ZeroTerminatedText(Wire.CachingSha2Password);
        channel.Write(builder.Payload.Span);
    }

    /// <summary>Whether a first answer asks for TLS before it tells a name.</summary>
    public static bool IsTlsRequest(ReadOnlySpan<byte> packet) =>
        packet.Length == TlsRequestLength && ((Capabilities)new PacketReader(packet).ReadUInt32()).HasFlag(Capabilities.Ssl);

    /// <exception cref="ProtocolException">The packet is malformed or speaks a protocol before 4.1.</exception>
    public static HandshakeResponse ParseResponse(ReadOnlySpan<byte> packet)
    {
        var reader = new PacketReader(packet);
        var capabilities = (Capabilities)reader.ReadUInt32();
        if (!capabilities.HasFlag(Capabilities.Protocol41) || !capabilities.HasFlag(Capabilities.SecureConnection))
        {
            throw new ProtocolException(
                "Client does not support authentication protocol requested by server; use a client of MySQL 5.7 or later.", 1251, "08004");
        }

        reader.ReadUInt32(); // The client's max_allowed_packet, which bounds nothing here.
        ushort collation = reader.ReadByte();
        reader.ReadBytes(23);
        var user = Text(reader.ReadZeroTerminated());
        var response = ReadAuthResponse(ref reader, capabilities);
        var database = capabilities.HasFlag(Capabilities.ConnectWithDatabase) && !reader.IsEmpty
            ? Text(reader.ReadZeroTerminatedOrRest())
            : null;
        var plugin = capabilities.HasFlag(Capabilities.PluginAuth) && !reader.IsEmpty
            ? Text(reader.ReadZeroTerminatedOrRest())
            : string.Empty;
        var attributes = ReadAttributes(ref reader, capabilities);
        return new HandshakeResponse(
            capabilities, collation, user, response, string.IsNullOrEmpty(database) ? null : database, plugin, attributes);
    }

    /// <summary>Parses COM_CHANGE_USER without its command byte; capabilities stay those of the connection.</summary>
    public static HandshakeResponse ParseChangeUser(ReadOnlySpan<byte> packet, Capabilities capabilities, ushort collation)
    {
        var reader = new PacketReader(packet);
        var user = Text(reader.ReadZeroTerminated());
        var response = reader.ReadBytes(reader.ReadByte()).ToArray();
        var database = Text(reader.ReadZeroTerminatedOrRest());
        if (!reader.IsEmpty)
        {
            collation = reader.ReadUInt16();
        }

        var plugin = capabilities.HasFlag(Capabilities.PluginAuth) && !reader.IsEmpty
            ? Text(reader.ReadZeroTerminatedOrRest())
            : string.Empty;
        var attributes = ReadAttributes(ref reader, capabilities);
        return new HandshakeResponse(
            capabilities, collation, user, response, database.Length == 0 ? null : database, plugin, attributes);
    }

    private static byte[] ReadAuthResponse(ref PacketReader reader, Capabilities capabilities)
    {
        if (capabilities.HasFlag(Capabilities.PluginAuthLengthEncodedData))
        {
            return reader.ReadLengthEncodedBytes().ToArray();
        }

        return reader.ReadBytes(reader.ReadByte()).ToArray();
    }

    private static Dictionary<string, string> ReadAttributes(ref PacketReader reader, Capabilities capabilities)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!capabilities.HasFlag(Capabilities.ConnectAttributes) || reader.IsEmpty)
        {
            return attributes;
        }

        var rest = new PacketReader(reader.ReadLengthEncodedBytes());
        while (!rest.IsEmpty)
        {
            var name = rest.ReadLengthEncodedBytes();
            var value = rest.ReadLengthEncodedBytes();
            if (attributes.Count < AttributesMax && name.Length + value.Length <= AttributeBytesMax)
            {
                attributes[Text(name)] = Text(value);
            }
        }

        return attributes;
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
