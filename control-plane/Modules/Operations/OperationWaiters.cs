using System.Collections.Concurrent;
using Cloud.Modules.Operations.Public;
using Cloud.Modules.Platform.Messaging;

namespace Cloud.Modules.Operations;

/// <summary>
/// Lets requests wait for changes of an operation without asking the database again and again. Thread-safe.
/// </summary>
/// <remarks>
/// A waiter registers before it reads, so that a change after the read always finds it registered. When the notification connection
/// was away, everybody is woken and reads again.
/// </remarks>
internal sealed class OperationWaiters : IHostedService, IDisposable
{
    private readonly PostgresNotifications _notifications;
    private readonly ConcurrentDictionary<Guid, (OperationId Operation, WakeSignal Signal)> _waiters = new();
    private IDisposable? _subscription;

    public OperationWaiters(PostgresNotifications notifications) => _notifications = notifications;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _subscription = _notifications.Subscribe(Channels.Operation, Wake);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _subscription?.Dispose();

    /// <summary>From here until it is disposed, the result is set by every change of the operation.</summary>
    public Waiter Register(OperationId operation)
    {
        var key = Guid.NewGuid();
        var signal = new WakeSignal();
        _waiters[key] = (operation, signal);
        return new Waiter(this, key, signal);
    }

    private void Wake(string? payload)
    {
        var one = Guid.TryParse(payload, out var id);
        foreach (var (operation, signal) in _waiters.Values)
        {
            if (!one || operation.Value == id)
            {
                signal.Set();
            }
        }
    }

    /// <summary>One request's place in the list.</summary>
    internal sealed class Waiter(OperationWaiters owner, Guid key, WakeSignal signal) : IDisposable
    {
        /// <summary>Returns after a change or when the time is over.</summary>
        public Task WaitAsync(TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken) =>
            signal.WaitAsync(timeout, time, cancellationToken);

        public void Dispose() => owner._waiters.TryRemove(key, out _);
    }
}
