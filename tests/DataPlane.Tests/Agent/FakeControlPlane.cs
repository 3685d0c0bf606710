using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;
using Cloud.Contracts;
using Cloud.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Cloud.DataPlane.Tests.Agent;

/// <summary>The control plane's side of the agent stream on a real socket: remembers what was said, says what a test wants.</summary>
internal sealed class FakeControlPlane : IAsyncDisposable
{
    public const string JoinToken = "join-me";
    public const string Secret = "host-secret";

    private readonly ConcurrentDictionary<WebSocket, bool> _sockets = new();
    private readonly int _windowSeconds;
    private WebApplication? _app;
    private DesiredState? _desired;

    private FakeControlPlane(int windowSeconds) => _windowSeconds = windowSeconds;

    public HostId HostId { get; } = TypedId.New<HostId>(TimeProvider.System);

    public Uri Address { get; private set; } = new("ws://127.0.0.1");

    public ConcurrentQueue<AgentHello> Hellos { get; } = new();

    public ConcurrentQueue<string> Bearers { get; } = new();

    public ObservedState? Observed { get; private set; }

    /// <summary>Every delivery of every window, repeated ones too.</summary>
    public ConcurrentQueue<UsageWindow> Windows { get; } = new();

    public bool AcceptsUsage { get; set; } = true;

    public static async Task<FakeControlPlane> StartAsync(int port = 0, int windowSeconds = 1)
    {
        var plane = new FakeControlPlane(windowSeconds);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        plane._app = builder.Build();
        plane._app.UseWebSockets();
        plane._app.Run(plane.ServeAsync);
        await plane._app.StartAsync();
        plane.Address = new Uri(plane._app.Urls.Single().Replace("http", "ws", StringComparison.Ordinal));
        return plane;
    }

    public InstanceStatus? Status(InstanceId id) => Observed?.Instances.FirstOrDefault(status => status.Id == id);

    /// <summary>Makes this the newest desired state, on all streams.</summary>
    public async Task WishAsync(long revision, params InstanceSpec[] specs)
    {
        _desired = new DesiredState { Revision = revision, Instances = specs };
        foreach (var socket in _sockets.Keys)
        {
            await SendAsync(socket, _desired);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            foreach (var socket in _sockets.Keys)
            {
                socket.Abort();
            }

            await _app.DisposeAsync();
        }
    }

    private async Task ServeAsync(HttpContext context)
    {
        var bearer = context.Request.Headers.Authorization.ToString().Replace("Bearer ", string.Empty, StringComparison.Ordinal);
        if (bearer is not (JoinToken or Secret) || context.Request.Path != AgentProtocol.Path)
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        Bearers.Enqueue(bearer);
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        try
        {
            while (await ReceiveAsync(socket) is { } message)
            {
                await AnswerAsync(socket, message, bearer);
            }
        }
        catch (WebSocketException)
        {
            // The agent was killed, as tests do.
        }
        finally
        {
            _sockets.TryRemove(socket, out _);
        }
    }

    private async Task AnswerAsync(WebSocket socket, AgentMessage message, string bearer)
    {
        switch (message)
        {
            case AgentHello hello:
                Hellos.Enqueue(hello);
                await SendAsync(socket, new ControlWelcome
                {
                    HostId = HostId,
                    Credential = bearer == JoinToken ? Secret : null,
                    UsageWindowSeconds = _windowSeconds,
                });
                _sockets[socket] = true;
                if (_desired is not null)
                {
                    await SendAsync(socket, _desired);
                }

                break;
            case ObservedState observed:
                Observed = observed;
                await SendAsync(socket, new ControlHeartbeat());
                break;
            case UsageReport report:
                foreach (var window in report.Windows)
                {
                    Windows.Enqueue(window);
                }

                if (AcceptsUsage)
                {
                    await SendAsync(socket, new UsageAccepted([.. report.Windows.Select(window => window.Id)]));
                }

                break;
        }
    }

    private static async Task<AgentMessage?> ReceiveAsync(WebSocket socket)
    {
        using var message = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer, CancellationToken.None);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            await message.WriteAsync(buffer.AsMemory(0, part.Count));
            if (part.EndOfMessage)
            {
                return JsonSerializer.Deserialize<AgentMessage>(message.ToArray(), AgentProtocol.Json);
            }
        }
    }

    private static async Task SendAsync(WebSocket socket, ControlMessage message)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(message, AgentProtocol.Json);
        try
        {
            await socket.SendAsync(bytes, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }
        catch (Exception exception) when (exception is WebSocketException or ObjectDisposedException)
        {
            // The agent is gone; it will get the state with its next hello.
        }
    }
}
