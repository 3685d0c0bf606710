using System.Threading.Channels;

namespace Cloud.Modules.Platform.Messaging;

/// <summary>
/// Wakes one waiter. A <see cref="Set"/> while nobody waits is kept, several are one: a waiter that looks at the truth after each
/// wake-up misses nothing. Setting is thread-safe; one waiter at a time.
/// </summary>
internal sealed class WakeSignal
{
    private readonly Channel<bool> _channel = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    public void Set() => _channel.Writer.TryWrite(true);

    /// <summary>Returns after a <see cref="Set"/> or when the time is over, whichever comes first.</summary>
    public async Task WaitAsync(TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        using var over = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, over.Token);
        try
        {
            await _channel.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The time is over, which is one of the two ways to return.
        }
    }
}
