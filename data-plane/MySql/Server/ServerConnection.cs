using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Cloud.Execution.Expressions;
using Cloud.MySql.Protocol;

namespace Cloud.MySql.Server;

/// <summary>What a connection is doing, for its limits.</summary>
internal enum ConnectionPhase
{
    Handshake,
    Idle,
    Executing,
    Closing,
}

/// <summary>
/// One client from accept to close: greeting, TLS, authentication, commands. Runs on one task; <see cref="Watch"/>,
/// <see cref="Drain"/> and <see cref="Abort"/> come from others.
/// </summary>
/// <remarks>
/// Invariants: the phase moves Handshake → Idle ⇄ Executing → Closing by compare-and-swap, so that draining an idle
/// connection and a
/// command that arrives at that moment cannot both win. Aborting closes the socket, which ends whatever read or write
/// is pending; the
/// statement is cancelled with it, and the session's disposal rolls back.
/// </remarks>
internal sealed class ServerConnection
{
    private readonly ServerContext _context;
    private readonly Socket _socket;
    private readonly IPEndPoint _remote;
    private readonly uint _id;
    private readonly PacketChannel _channel;
    private readonly PacketBuilder _builder = new();
    private readonly ResultWriter _results;
    private readonly CancellationTokenSource _aborted = new();
    private readonly LimitClock _clock;
    private int _phase = (int)ConnectionPhase.Handshake;
    private string _reason = "the client left";
    private long _countedReceived;
    private long _countedSent;
    private IMySqlSession? _session;

    public ServerConnection(ServerContext context, Socket socket, IPEndPoint remote, uint id)
    {
        _context = context;
        _socket = socket;
        _remote = remote;
        _id = id;
        _clock = new LimitClock(context.Time);
        _channel = new PacketChannel(new WriteTimedStream(new NetworkStream(socket, ownsSocket: true), _clock));
        _results = new ResultWriter(_channel, _builder);
    }

    public bool IsBusy => Phase == ConnectionPhase.Executing;

    private ConnectionPhase Phase => (ConnectionPhase)Volatile.Read(ref _phase);

    /// <summary>
    /// Serves until the end, which it never throws; <paramref name="refusal"/> is told instead when there is one.
    /// </summary>
    public async Task RunAsync((int Number, string State, string Message)? refusal)
    {
        try
        {
            if (refusal is { } error)
            {
                await RefuseAsync(error.Number, error.State, error.Message);
                return;
            }

            await ServeAsync(_aborted.Token);
        }
        catch (SqlException error)
        {
            await RefuseAsync(error.Number, error.SqlState, error.Message);
        }
        catch (ProtocolException error)
        {
            _reason = error.Message;
            _context.Totals.CountError();
            await RefuseAsync(error.Number, error.SqlState, error.Message);
        }
        catch (Exception end) when (end is IOException or SocketException or OperationCanceledException or AuthenticationException
            or ObjectDisposedException)
        {
            _reason = _aborted.IsCancellationRequested ? _reason : end.Message;
        }
        catch (Exception defect)
        {
            // The boundary of this unit of work: the defect ends the connection and nothing else.
            ServerLog.Defect(_context.Logger, _id, _remote, defect);
            await RefuseAsync(1105, "HY000", $"Internal error; the server's log has it under connection {_id}.");
        }
        finally
        {
            await CloseAsync();
        }
    }

    /// <summary>Ends the connection when it overstays a limit or its client is gone.</summary>
    public void Watch()
    {
        var options = _context.Options;
        switch (Phase)
        {
            case ConnectionPhase.Handshake when _clock.PhaseAge > options.HandshakeTimeout:
                Abort("the handshake took too long");
                break;
            case ConnectionPhase.Idle when _clock.PhaseAge > options.IdleTimeout:
                Abort("idle for too long");
                break;
            case ConnectionPhase.Executing when _clock.WriteAge > options.WriteTimeout:
                Abort("the client does not read its results");
                break;
            case ConnectionPhase.Executing when _clock.PhaseAge > TimeSpan.FromSeconds(1) && IsPeerGone():
                Abort("the client left while its statement ran");
                break;
            default:
                break;
        }
    }

    /// <summary>Ends the connection now if no statement runs and no transaction is open, else after that.</summary>
    public void Drain()
    {
        if (_session?.Status.HasFlag(ServerStatus.InTransaction) != true && TryMove(ConnectionPhase.Idle, ConnectionPhase.Closing))
        {
            Abort("the server is stopping");
        }
        else if (Phase == ConnectionPhase.Handshake)
        {
            Abort("the server is stopping");
        }
    }

    /// <summary>Ends the connection and whatever it is doing. Idempotent.</summary>
    public void Abort(string reason)
    {
        if (_aborted.IsCancellationRequested)
        {
            return;
        }

        _reason = reason;
        _session?.CancelStatement();
        try
        {
            _aborted.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself meanwhile.
        }
    }

    private async Task ServeAsync(CancellationToken cancellationToken)
    {
        var login = new ClientLogin(_context, _channel, _builder, _results, _id, _remote);
        if (await login.GreetAsync(cancellationToken) is not { } response)
        {
            return;
        }

        var loop = new CommandLoop(_channel, _builder, _results, _context);
        do
        {
            _session = await login.LogInAsync(response, cancellationToken);
            CountBytes();
            _clock.BeginPhase();
            TryMove(ConnectionPhase.Handshake, ConnectionPhase.Idle);
            if (!await loop.RunAsync(this, _session, cancellationToken))
            {
                return;
            }

            // COM_CHANGE_USER: the same connection becomes another session.
            response = login.ReadChangeUser();
            await EndSessionAsync();
        }
        while (true);
    }

    /// <summary>Moves from executing back to the handshake and its time limit (COM_CHANGE_USER).</summary>
    public void BeginLogin()
    {
        _clock.BeginPhase();
        TryMove(ConnectionPhase.Executing, ConnectionPhase.Handshake);
    }

    /// <summary>Moves from waiting to executing; false when the connection is closing.</summary>
    public bool TryBeginCommand()
    {
        _clock.BeginPhase();
        return TryMove(ConnectionPhase.Idle, ConnectionPhase.Executing);
    }

    /// <summary>Moves back to waiting; false when the server drains and the session is between transactions.</summary>
    public bool TryEndCommand()
    {
        CountBytes();
        _clock.BeginPhase();
        TryMove(ConnectionPhase.Executing, ConnectionPhase.Idle);
        return !_context.Draining || _session?.Status.HasFlag(ServerStatus.InTransaction) == true;
    }

    private bool TryMove(ConnectionPhase from, ConnectionPhase to) =>
        Interlocked.CompareExchange(ref _phase, (int)to, (int)from) == (int)from;

    /// <summary>Readable without anything to read means that the other side has closed.</summary>
    private bool IsPeerGone()
    {
        try
        {
            return _socket.Poll(0, SelectMode.SelectRead) && _socket.Available == 0;
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            return true;
        }
    }

    private void CountBytes()
    {
        _context.Totals.CountBytes(_channel.BytesReceived - _countedReceived, _channel.BytesSent - _countedSent);
        _countedReceived = _channel.BytesReceived;
        _countedSent = _channel.BytesSent;
    }

    /// <summary>Tells the client why it is let go, if it still listens.</summary>
    private async Task RefuseAsync(int number, string sqlState, string message)
    {
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2), _context.Time);
            _results.Capabilities |= Capabilities.Protocol41;
            _results.WriteError(number, sqlState, message);
            await _channel.FlushAsync(limit.Token);
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception end) when (end is IOException or SocketException or OperationCanceledException or ObjectDisposedException
            or InvalidOperationException)
        {
            _reason = end.Message;
        }
    }

    private async Task EndSessionAsync()
    {
        if (_session is { } session)
        {
            _session = null;
            _results.Session = null;
            await session.DisposeAsync();
        }
    }

    private async Task CloseAsync()
    {
        Volatile.Write(ref _phase, (int)ConnectionPhase.Closing);
        CountBytes();
        try
        {
            await EndSessionAsync();
        }
        catch (SqlException error)
        {
            _reason = error.Message;
        }

        await _channel.DisposeAsync();
        _aborted.Dispose();
        ServerLog.Ended(_context.Logger, _id, _remote, _reason);
    }
}
