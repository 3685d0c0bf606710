using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Cloud.MySql.Server;

/// <summary>
/// Accepts MySQL clients on a socket and serves each by a <see cref="ServerConnection"/>. Thread-safe.
/// </summary>
/// <remarks>
/// One task accepts, one task serves each connection, and one watch looks at all connections twice a second and ends
/// those that
/// overstay a limit or whose client is gone; limits so cost nothing per command. Nothing a client sends can end the
/// server: a
/// connection's failure is its own.
/// </remarks>
public sealed class MySqlServer : IAsyncDisposable
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(500);

    private readonly ServerContext _context;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<uint, Serving> _connections = new();
    private readonly Task _accepting;
    private readonly Task _watching;
    private int _stopped;
    private long _accepted;
    private long _refused;

    private MySqlServer(ServerContext context, Socket listener)
    {
        _context = context;
        _listener = listener;
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port; // A bound socket has a local end point.
        _accepting = AcceptAsync();
        _watching = WatchAsync();
    }

    /// <summary>The port bound, also when 0 was asked for.</summary>
    public int Port { get; }

    /// <summary>Who may connect; takes effect with the next connection, open ones stay.</summary>
    public AllowList AllowList { get; set; } = AllowList.Everyone;

    public MySqlServerCounters Counters
    {
        get
        {
            var totals = _context.Totals;
            int running = 0;
            foreach (var (_, serving) in _connections)
            {
                running += serving.Connection.IsBusy ? 1 : 0;
            }

            return new MySqlServerCounters(
                Interlocked.Read(ref _accepted), Interlocked.Read(ref _refused), totals.AuthenticationFailures, totals.Commands,
                totals.Errors, totals.BytesReceived, totals.BytesSent, _connections.Count, running);
        }
    }

    /// <summary>Binds and begins to serve.</summary>
    /// <exception cref="SocketException">
    /// The address cannot be bound; AddressAlreadyInUse when something else holds the port.
    /// </exception>
    public static MySqlServer Start(MySqlServerOptions options, IMySqlHandler handler, ILoggerFactory loggers, TimeProvider time)
    {
        var listener = new Socket(options.Listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(options.Listen);
            listener.Listen(512);
        }
        catch
        {
            listener.Dispose();
            throw;
        }

        return new MySqlServer(new ServerContext(options, handler, loggers.CreateLogger<MySqlServer>(), time), listener);
    }

    /// <summary>
    /// Stops accepting, ends idle connections at once and the others when their statement or transaction is over; what
    /// still runs after
    /// <paramref name="limit"/> is cancelled. Idempotent.
    /// </summary>
    public async Task StopAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _stopped, 1) == 0)
        {
            _listener.Dispose();
            _context.Draining = true;
        }

        var serving = _connections.Values.ToArray();
        foreach (var (connection, _) in serving)
        {
            connection.Drain();
        }

        var all = Task.WhenAll(serving.Select(s => s.Task));
        try
        {
            await all.WaitAsync(limit, _context.Time, cancellationToken);
        }
        catch (Exception end) when (end is TimeoutException or OperationCanceledException)
        {
            foreach (var (connection, _) in serving)
            {
                connection.Abort("the server is stopping");
            }

            await all;
        }

        await _stopping.CancelAsync();
        await Task.WhenAll(_accepting, _watching);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero, CancellationToken.None);
        _stopping.Dispose();
        _context.Dispose();
    }

    private async Task AcceptAsync()
    {
        uint lastId = 0;
        while (_stopped == 0)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync(_stopping.Token);
            }
            catch (Exception end) when (end is OperationCanceledException or ObjectDisposedException
                || (end is SocketException && _stopped != 0))
            {
                return;
            }
            catch (SocketException failure)
            {
                // Out of descriptors, or the client left before it was accepted: the next one may fare better.
                ServerLog.AcceptFailed(_context.Logger, failure.SocketErrorCode);
                await Task.Delay(TimeSpan.FromMilliseconds(50), _context.Time, CancellationToken.None);
                continue;
            }

            lastId = lastId == uint.MaxValue ? 1 : lastId + 1;
            while (_connections.ContainsKey(lastId))
            {
                lastId++;
            }

            Admit(socket, lastId);
        }
    }

    private void Admit(Socket socket, uint id)
    {
        if (socket.RemoteEndPoint is not IPEndPoint remote)
        {
            socket.Dispose();
            return;
        }

        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        var refusal = Refusal(remote.Address);
        if (refusal is not null)
        {
            Interlocked.Increment(ref _refused);
            ServerLog.Refused(_context.Logger, remote, refusal.Value.Number);
        }
        else
        {
            Interlocked.Increment(ref _accepted);
        }

        var connection = new ServerConnection(_context, socket, remote, id);
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _connections[id] = new Serving(connection, ServeAsync(connection, id, refusal, start.Task));
        start.SetResult();
    }

    /// <summary>
    /// Serves and forgets; begins only when the connection is listed, so that it is never left in the list.
    /// </summary>
    private async Task ServeAsync(ServerConnection connection, uint id, (int Number, string State, string Message)? refusal, Task listed)
    {
        await listed;
        await connection.RunAsync(refusal);
        _connections.TryRemove(id, out _);
    }

    private (int Number, string State, string Message)? Refusal(IPAddress address)
    {
        if (!AllowList.Admits(address))
        {
            return (1130, "HY000",
                $"Host '{address}' is not allowed to connect to this MySQL server; add its address to the cluster's allow list.");
        }

        return _connections.Count >= _context.Options.ConnectionsMax
            ? (1040, "08004", $"Too many connections (limit {_context.Options.ConnectionsMax}); close some or use a connection pool.")
            : null;
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(WatchInterval, _context.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                foreach (var (_, serving) in _connections)
                {
                    serving.Connection.Watch();
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Stopped.
        }
    }

    private sealed record Serving(ServerConnection Connection, Task Task);
}
