using Cloud.Kernel;

namespace Cloud.KvClient.Requests;

/// <summary>
/// The waits of one operation: capped exponential with jitter per reason, and a limit on their sum. Not thread-safe: parallel parts of an
/// operation have one each.
/// </summary>
internal sealed class RetryBudget(TimeSpan limit, TimeProvider time, SeededRandom random)
{
    /// <summary>Attempts that may follow at once when the answer said where to go; more than this is a loop and waits.</summary>
    private const int ImmediateMax = 4;

    private readonly Dictionary<RetryKind, Backoff> _paces = [];
    private TimeSpan _waited;
    private int _immediate;

    /// <summary>
    /// Whether an attempt to change data was sent and not answered: when the operation then fails, it may still have happened.
    /// </summary>
    public bool MayHaveApplied { get; set; }

    /// <summary>Waits as long as the reason asks.</summary>
    /// <param name="kind">The reason.</param>
    /// <param name="detail">For the error when there is no budget left.</param>
    /// <exception cref="KvException">Unavailable, or for locks LockWaitTimeout: the budget is used up.</exception>
    public ValueTask WaitAsync(RetryKind kind, string detail, CancellationToken cancellationToken) =>
        WaitAsync(kind, detail, TimeSpan.Zero, TimeSpan.MaxValue, cancellationToken);

    /// <summary>As the other, within bounds that the other side named.</summary>
    public async ValueTask WaitAsync(
        RetryKind kind, string detail, TimeSpan least, TimeSpan most, CancellationToken cancellationToken)
    {
        if (_waited >= limit)
        {
            var code = kind == RetryKind.Lock ? KvErrorCode.LockWaitTimeout : KvErrorCode.Unavailable;
            throw new KvException(code, $"gave up after waiting {limit.TotalSeconds:0.#} s between attempts; at last: {detail}");
        }

        if (!_paces.TryGetValue(kind, out var pace))
        {
            var (first, max) = RetryPolicy.Pace(kind);
            _paces.Add(kind, pace = new Backoff(first, max, random));
        }

        var delay = pace.Next();
        delay = delay < least ? least : delay > most ? most : delay;
        _waited += delay;
        await Task.Delay(delay, time, cancellationToken);
    }

    /// <summary>Goes on at once, because the answer told how; waits a little when that has been so several times.</summary>
    public ValueTask AtOnceAsync(string detail, CancellationToken cancellationToken) =>
        ++_immediate <= ImmediateMax ? ValueTask.CompletedTask : WaitAsync(RetryKind.RegionMiss, detail, cancellationToken);
}
