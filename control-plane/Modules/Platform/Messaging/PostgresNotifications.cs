using System.Collections.Concurrent;
using Cloud.Kernel;
using Cloud.Modules.Platform.Data;
using Npgsql;

namespace Cloud.Modules.Platform.Messaging;

/// <summary>The channels that migrations notify.</summary>
internal static class Channels
{
    /// <summary>Outbox rows were added; no payload.</summary>
    public const string Outbox = "cloud_outbox";

    /// <summary>An operation changed; the payload is its UUID.</summary>
    public const string Operation = "cloud_operation";

    /// <summary>The wish for a host changed; the payload is the host's UUID.</summary>
    public const string Host = "cloud_host";

    public static IReadOnlyList<string> All { get; } = [Outbox, Operation, Host];
}

/// <summary>
/// Listens to PostgreSQL's notifications on one connection of its own and hands them to subscribers in this process. Thread-safe.
/// </summary>
/// <remarks>
/// A notification arrives after the transaction that sent it has committed. While the connection is down notifications are lost;
/// after it is (re)established every subscriber is called with a null payload, which means: anything may have changed.
/// </remarks>
internal sealed partial class PostgresNotifications(CloudDataSources sources, ILogger<PostgresNotifications> logger)
    : BackgroundService
{
    private readonly ConcurrentDictionary<Guid, (string Channel, Action<string?> Handler)> _subscribers = new();

    /// <summary>Calls <paramref name="handler"/> for each notification until the result is disposed.</summary>
    /// <param name="handler">Quick, does not throw, and is safe to be called from any thread; null payload: look at everything.</param>
    public IDisposable Subscribe(string channel, Action<string?> handler)
    {
        var key = Guid.NewGuid();
        _subscribers[key] = (channel, handler);
        return new Subscription(() => _subscribers.TryRemove(key, out _));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var backoff = new Backoff(
            TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(2), new SeededRandom((ulong)Environment.ProcessId));
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(backoff, stoppingToken);
            }
            catch (Exception lost) when (!stoppingToken.IsCancellationRequested)
            {
                // Whatever it is, a listener that ended would leave every wake-up to timers.
                var delay = backoff.Next();
                LogLost(logger, lost.Message, delay);
                await Task.Delay(delay, stoppingToken);
            }
        }
    }

    private async Task ListenAsync(Backoff backoff, CancellationToken stoppingToken)
    {
        var settings = new NpgsqlConnectionStringBuilder(sources.LoginConnectionString) { Pooling = false, KeepAlive = 10 };
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        connection.Notification += (_, notification) => Deliver(notification.Channel, notification.Payload);
        await connection.OpenAsync(stoppingToken);
        await using (var listen = new NpgsqlCommand(string.Concat(Channels.All.Select(channel => $"listen {channel};")), connection))
        {
            await listen.ExecuteNonQueryAsync(stoppingToken);
        }

        backoff.Reset();
        foreach (var channel in Channels.All)
        {
            Deliver(channel, null);
        }

        while (true)
        {
            await connection.WaitAsync(stoppingToken);
        }
    }

    private void Deliver(string channel, string? payload)
    {
        foreach (var (subscribed, handler) in _subscribers.Values)
        {
            if (subscribed == channel)
            {
                handler(payload);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The notification connection was lost ({Reason}); connecting again in {Delay}")]
    private static partial void LogLost(ILogger logger, string reason, TimeSpan delay);

    private sealed class Subscription(Action dispose) : IDisposable
    {
        public void Dispose() => dispose();
    }
}
