using System.Net.Sockets;
using Cloud.MySql.Protocol;

namespace Cloud.MySql.Client;

/// <summary>
/// One connection to a MySQL server: statements as text or prepared, results as text. One statement at a time; not
/// thread-safe. A
/// cancelled or broken exchange closes the connection, because its answer can no longer be told from the next one.
/// </summary>
public sealed class MySqlConnection : IAsyncDisposable
{
    private readonly PacketChannel _channel;
    private readonly PacketBuilder _builder = new();
    private readonly Capabilities _capabilities;
    private readonly ResultReader _reader;

    private MySqlConnection(PacketChannel channel, ClientHandshake handshake)
    {
        _channel = channel;
        _capabilities = handshake.Capabilities;
        _reader = new ResultReader(channel, handshake.Capabilities);
        ServerVersion = handshake.ServerVersion;
        ConnectionId = handshake.ConnectionId;
    }

    public string ServerVersion { get; }

    /// <summary>CONNECTION_ID() on the server.</summary>
    public uint ConnectionId { get; }

    /// <summary>Whether further statements can be sent.</summary>
    public bool IsOpen { get; private set; } = true;

    /// <summary>Connects and logs in.</summary>
    /// <exception cref="MySqlException">The server refused, for example 1045 for a wrong password.</exception>
    /// <exception cref="SocketException">There is no server.</exception>
    public static async Task<MySqlConnection> ConnectAsync(MySqlConnectionOptions options, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        PacketChannel? channel = null;
        try
        {
            await socket.ConnectAsync(options.Host, options.Port, cancellationToken);
            channel = new PacketChannel(new NetworkStream(socket, ownsSocket: true)) { MessageBytesMax = int.MaxValue };
            var handshake = new ClientHandshake(channel, options);
            await handshake.RunAsync(cancellationToken);
            return new MySqlConnection(channel, handshake);
        }
        catch
        {
            socket.Dispose();
            if (channel is not null)
            {
                await channel.DisposeAsync();
            }

            throw;
        }
    }

    /// <summary>Runs one statement.</summary>
    public Task<MySqlResult> QueryAsync(string sql, CancellationToken cancellationToken) =>
        QueryAsync(sql, int.MaxValue, cancellationToken);

    /// <summary>
    /// Runs one statement and keeps at most <paramref name="rowsMax"/> rows. When there are more, the result is
    /// truncated and the
    /// connection closed, so that the rest need not travel.
    /// </summary>
    /// <exception cref="MySqlException">The statement failed.</exception>
    public async Task<MySqlResult> QueryAsync(string sql, int rowsMax, CancellationToken cancellationToken)
    {
        var results = await QueryAllAsync(sql, rowsMax, cancellationToken);
        return results[0];
    }

    /// <summary>
    /// Runs the statements of a text; at least one result, in order. As <see cref="QueryAsync(string, int,
    /// CancellationToken)"/>.
    /// </summary>
    public async Task<IReadOnlyList<MySqlResult>> QueryAllAsync(string sql, int rowsMax, CancellationToken cancellationToken)
    {
        _builder.Start().Byte((byte)CommandCode.Query).Text(sql);
        return await ExchangeAsync(binary: false, rowsMax, cancellationToken);
    }

    /// <summary>Prepares a statement for <see cref="ExecuteAsync"/>.</summary>
    public async Task<PreparedQuery> PrepareAsync(string sql, CancellationToken cancellationToken)
    {
        _builder.Start().Byte((byte)CommandCode.StatementPrepare).Text(sql);
        return await GuardAsync(async () =>
        {
            var (id, columns, parameters) = ReadPrepared((await SendAsync(cancellationToken)).Span);
            await SkipDefinitionsAsync(parameters, cancellationToken);
            await SkipDefinitionsAsync(columns, cancellationToken);
            return new PreparedQuery(id, parameters);
        });
    }

    /// <summary>Runs a prepared statement with text parameters, null for NULL.</summary>
    public async Task<MySqlResult> ExecuteAsync(
        PreparedQuery query, IReadOnlyList<string?> parameters, CancellationToken cancellationToken)
    {
        if (parameters.Count != query.ParameterCount)
        {
            throw new ArgumentException($"The statement has {query.ParameterCount} parameters, {parameters.Count} were given.", nameof(parameters));
        }

        BinaryProtocol.WriteExecution(_builder, query.Id, parameters);
        var results = await ExchangeAsync(binary: true, int.MaxValue, cancellationToken);
        return results[0];
    }

    /// <summary>Forgets a prepared statement on the server.</summary>
    public Task CloseAsync(PreparedQuery query, CancellationToken cancellationToken)
    {
        _builder.Start().Byte((byte)CommandCode.StatementClose).UInt32(query.Id);
        return GuardAsync(async () =>
        {
            _channel.ResetSequence();
            _channel.Write(_builder.Payload.Span);
            await _channel.FlushAsync(cancellationToken);
            return true;
        });
    }

    public Task PingAsync(CancellationToken cancellationToken)
    {
        _builder.Start().Byte((byte)CommandCode.Ping);
        return ExchangeAsync(binary: false, 0, cancellationToken);
    }

    /// <summary>Rolls back and restores the state of a fresh session.</summary>
    public Task ResetAsync(CancellationToken cancellationToken)
    {
        _builder.Start().Byte((byte)CommandCode.ResetConnection);
        return ExchangeAsync(binary: false, 0, cancellationToken);
    }

    /// <summary>Says goodbye where that is still possible, and closes.</summary>
    public async ValueTask DisposeAsync()
    {
        if (IsOpen)
        {
            IsOpen = false;
            try
            {
                _channel.ResetSequence();
                _channel.Write([(byte)CommandCode.Quit]);
                using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
                await _channel.FlushAsync(limit.Token);
            }
            catch (Exception end) when (end is IOException or SocketException or OperationCanceledException)
            {
                // The server has gone before us.
            }

            await _channel.DisposeAsync();
        }
    }

    private static (uint Id, int Columns, int Parameters) ReadPrepared(ReadOnlySpan<byte> packet)
    {
        var reader = new PacketReader(packet);
        reader.ReadByte();
        var id = reader.ReadUInt32();
        int columns = reader.ReadUInt16();
        return (id, columns, reader.ReadUInt16());
    }

    private Task<IReadOnlyList<MySqlResult>> ExchangeAsync(bool binary, int rowsMax, CancellationToken cancellationToken) =>
        GuardAsync<IReadOnlyList<MySqlResult>>(async () =>
        {
            var results = new List<MySqlResult>();
            var packet = await SendAsync(cancellationToken);
            while (true)
            {
                var result = await _reader.ReadAsync(packet, binary, rowsMax, cancellationToken);
                results.Add(result);
                if (result.Truncated || !result.Status.HasFlag(ServerStatus.MoreResults))
                {
                    break;
                }

                packet = await _reader.ReadPacketAsync(cancellationToken);
            }

            if (results[^1].Truncated)
            {
                IsOpen = false;
                await _channel.DisposeAsync();
            }

            return results;
        });

    /// <summary>Runs an exchange; one that ends by anything but the server's answer closes the connection.</summary>
    private async Task<T> GuardAsync<T>(Func<Task<T>> exchange)
    {
        ObjectDisposedException.ThrowIf(!IsOpen, this);
        try
        {
            return await exchange();
        }
        catch (Exception broken) when (broken is not MySqlException)
        {
            IsOpen = false;
            await _channel.DisposeAsync();
            throw;
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> SendAsync(CancellationToken cancellationToken)
    {
        _channel.ResetSequence();
        _channel.Write(_builder.Payload.Span);
        await _channel.FlushAsync(cancellationToken);
        return await _reader.ReadPacketAsync(cancellationToken);
    }

    private async ValueTask SkipDefinitionsAsync(int count, CancellationToken cancellationToken)
    {
        var packets = count == 0 ? 0 : count + (_capabilities.HasFlag(Capabilities.DeprecateEof) ? 0 : 1);
        for (var i = 0; i < packets; i++)
        {
            await _reader.ReadPacketAsync(cancellationToken);
        }
    }
}

/// <summary>A statement that the server has prepared for one connection.</summary>
public sealed record PreparedQuery(uint Id, int ParameterCount);
