using System.Collections.Concurrent;
using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Platform.Messaging;

namespace Cloud.Modules.Provisioning.Agents;

/// <summary>The streams that end in this process, by host; pokes them when their host's wish changes. Thread-safe.</summary>
internal sealed class AgentStreams : IHostedService, IDisposable
{
    private readonly PostgresNotifications _notifications;
    private readonly ConcurrentDictionary<AgentSession, byte> _sessions = new();
    private IDisposable? _subscription;

    public AgentStreams(PostgresNotifications notifications) => _notifications = notifications;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _subscription = _notifications.Subscribe(Channels.Host, Poke);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _subscription?.Dispose();

    /// <summary>Until the result is disposed, the session is poked.</summary>
    public IDisposable Add(AgentSession session)
    {
        _sessions[session] = 0;
        return new Registration(this, session);
    }

    private void Poke(string? payload)
    {
        var one = Guid.TryParse(payload, out var id);
        foreach (var session in _sessions.Keys)
        {
            if (!one || session.Host == HostId.From(id))
            {
                session.Poke();
            }
        }
    }

    private sealed class Registration(AgentStreams owner, AgentSession session) : IDisposable
    {
        public void Dispose() => owner._sessions.TryRemove(session, out _);
    }
}
