using System.Net.Security;
using System.Security.Cryptography;
using System.Text;
using Cloud.Execution.Types;
using Cloud.MySql.Protocol;

namespace Cloud.MySql.Client;

/// <summary>
/// The client's side of the connection phase. Source: MySQL 8.0 source documentation, "Connection Phase".
/// </summary>
internal sealed class ClientHandshake(PacketChannel channel, MySqlConnectionOptions options)
{
    private const Capabilities Wanted =
        Capabilities.LongPassword | Capabilities.LongFlag | Capabilities.Protocol41 | Capabilities.Transactions
        | Capabilities.SecureConnection | Capabilities.MultiResults | Capabilities.PreparedMultiResults | Capabilities.PluginAuth
        | Capabilities.ConnectAttributes | Capabilities.PluginAuthLengthEncodedData | Capabilities.DeprecateEof;

    private readonly PacketBuilder _builder = new();
    private readonly byte[] _password = Encoding.UTF8.GetBytes(options.Password);
    private byte[] _nonce = [];
    private bool _encrypted;

    public Capabilities Capabilities { get; private set; }

    public string ServerVersion { get; private set; } = string.Empty;

    public uint ConnectionId { get; private set; }

    public async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        var plugin = ReadGreeting(await ReadAsync(cancellationToken));
        if (options.AuthPlugin is not null)
        {
            plugin = options.AuthPlugin;
        }

        if (options.Tls != TlsMode.Disabled)
        {
            await EncryptAsync(cancellationToken);
        }

        WriteResponse(plugin);
        await channel.FlushAsync(cancellationToken);
        channel.ReadAhead = true;
        await AuthenticateAsync(plugin, cancellationToken);
    }

    /// <summary>Returns the method that the server would like.</summary>
    private string ReadGreeting(ReadOnlyMemory<byte> packet)
    {
        var reader = new PacketReader(packet.Span);
        var version = reader.ReadByte();
        if (version != 10)
        {
            throw new ProtocolException($"The server speaks protocol {version}; this client speaks 10.");
        }

        ServerVersion = Encoding.UTF8.GetString(reader.ReadZeroTerminated());
        ConnectionId = reader.ReadUInt32();
        var first = reader.ReadBytes(8).ToArray();
        reader.ReadByte();
        uint offered = reader.ReadUInt16();
        reader.ReadByte();
        reader.ReadUInt16();
        offered |= (uint)reader.ReadUInt16() << 16;
        var nonceLength = reader.ReadByte();
        reader.ReadBytes(10);
        _nonce = [.. first, .. reader.ReadBytes(Math.Max(13, nonceLength - 8))[..(Wire.NonceLength - 8)]];
        var wanted = Wanted | Capabilities.Ssl
            | (options.Database is null ? Capabilities.None : Capabilities.ConnectWithDatabase)
            | (options.MultiStatements ? Capabilities.MultiStatements : Capabilities.None);
        Capabilities = wanted & (Capabilities)offered;
        if (!Capabilities.HasFlag(Capabilities.Protocol41) || !Capabilities.HasFlag(Capabilities.PluginAuth))
        {
            throw new ProtocolException("The server is too old for this client: it lacks protocol 4.1 or authentication plugins.");
        }

        return Encoding.UTF8.GetString(reader.ReadZeroTerminatedOrRest());
    }

    private async ValueTask EncryptAsync(CancellationToken cancellationToken)
    {
        if (!Capabilities.HasFlag(Capabilities.Ssl))
        {
            if (options.Tls == TlsMode.Required)
            {
                throw new ProtocolException("The server offers no TLS, which this client requires.");
            }

            return;
        }

        WriteResponseHead();
        channel.Write(_builder.Payload.Span);
        await channel.FlushAsync(cancellationToken);
        var tls = new SslStream(channel.Stream, leaveInnerStreamOpen: false);
        channel.Replace(tls);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = options.Host,
                RemoteCertificateValidationCallback = options.VerifyCertificate ? null : static (_, _, _, _) => true,
            },
            cancellationToken);
        _encrypted = true;
    }

    private void WriteResponseHead() => _builder.Start()
        .UInt32((uint)(options.Tls == TlsMode.Disabled ? Capabilities & ~Capabilities.Ssl : Capabilities))
        .UInt32((uint)channel.MessageBytesMax)
        .Byte((byte)Collation.Utf8Mb4GeneralCiId)
        .Zeros(23);

    private void WriteResponse(string plugin)
    {
        WriteResponseHead();
        _builder.ZeroTerminatedText(options.User);
        var response = Respond(plugin);
        if (Capabilities.HasFlag(Capabilities.PluginAuthLengthEncodedData))
        {
            _builder.LengthEncodedBytes(response);
        }
        else
        {
            _builder.Byte((byte)response.Length).Bytes(response);
        }

        if (Capabilities.HasFlag(Capabilities.ConnectWithDatabase))
        {
            _builder.ZeroTerminatedText(options.Database!); // The flag is wanted only with a database.
        }

        _builder.ZeroTerminatedText(plugin);
        if (Capabilities.HasFlag(Capabilities.ConnectAttributes))
        {
            var attributes = new PacketBuilder().Start();
            attributes.LengthEncodedText("_client_name").LengthEncodedText("cloud");
            attributes.LengthEncodedText("program_name").LengthEncodedText(options.ProgramName);
            _builder.LengthEncodedBytes(attributes.Payload.Span);
        }

        channel.Write(_builder.Payload.Span);
    }

    private byte[] Respond(string plugin) => plugin switch
    {
        Wire.NativePassword => Scramble.Native(_password, _nonce),
        Wire.CachingSha2Password => Scramble.Sha2(_password, _nonce),
        _ => [],
    };

    private async ValueTask AuthenticateAsync(string plugin, CancellationToken cancellationToken)
    {
        while (true)
        {
            var packet = await ReadAsync(cancellationToken);
            switch (packet.Span[0])
            {
                case Wire.OkHeader:
                    return;
                case Wire.EofHeader:
                    plugin = ReadSwitch(packet.Span[1..]);
                    channel.Write(Respond(plugin));
                    await channel.FlushAsync(cancellationToken);
                    break;
                case Wire.AuthMoreDataHeader when packet.Length > 1 && packet.Span[1] == Wire.Sha2FastAuthSucceeded:
                    break;
                case Wire.AuthMoreDataHeader when packet.Length > 1 && packet.Span[1] == Wire.Sha2FullAuthNeeded:
                    await SendPasswordAsync(cancellationToken);
                    break;
                default:
                    throw ProtocolException.Malformed();
            }
        }
    }

    private string ReadSwitch(ReadOnlySpan<byte> packet)
    {
        var reader = new PacketReader(packet);
        var plugin = Encoding.UTF8.GetString(reader.ReadZeroTerminated());
        if (plugin is not (Wire.NativePassword or Wire.CachingSha2Password))
        {
            throw new ProtocolException($"The server asks for the authentication method '{plugin}', which this client does not have.");
        }

        _nonce = reader.ReadBytes(Wire.NonceLength).ToArray();
        return plugin;
    }

    private async ValueTask SendPasswordAsync(CancellationToken cancellationToken)
    {
        byte[] message = [.. _password, 0];
        if (!_encrypted)
        {
            channel.Write([Wire.Sha2PublicKeyRequested]);
            await channel.FlushAsync(cancellationToken);
            var answer = await ReadAsync(cancellationToken);
            if (answer.Span[0] != Wire.AuthMoreDataHeader)
            {
                throw ProtocolException.Malformed();
            }

            using var rsa = RSA.Create();
            rsa.ImportFromPem(Encoding.ASCII.GetString(answer.Span[1..]));
            message = rsa.Encrypt(Scramble.Veil(message, _nonce), RSAEncryptionPadding.OaepSHA1);
        }

        channel.Write(message);
        await channel.FlushAsync(cancellationToken);
    }

    private async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken)
    {
        if (!await channel.ReadAsync(cancellationToken))
        {
            throw new EndOfStreamException("The server closed the connection during the handshake.");
        }

        return ResultReader.ThrowIfError(channel.Payload, Capabilities.HasFlag(Capabilities.Protocol41));
    }
}
