namespace Cloud.Agent;

/// <summary>
/// Wakes one waiting loop. A <see cref="Set"/> that comes while the loop works is not lost: the next wait returns at once. Setting is
/// thread-safe; one loop waits.
/// </summary>
internal sealed class Signal(TimeProvider time)
{
    private TaskCompletionSource _pending = NewSource();

    public void Set() => Volatile.Read(ref _pending).TrySetResult();

    /// <summary>Returns when the signal is set or the time is up.</summary>
    public async Task WaitAsync(TimeSpan max, CancellationToken cancellationToken)
    {
        var pending = _pending;
        using (var delayEnd = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            await Task.WhenAny(pending.Task, Task.Delay(max, time, delayEnd.Token));
            await delayEnd.CancelAsync();
        }

        if (pending.Task.IsCompleted)
        {
            // The state that was set before Set is read after this line, so no wake-up is missed.
            Volatile.Write(ref _pending, NewSource());
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
