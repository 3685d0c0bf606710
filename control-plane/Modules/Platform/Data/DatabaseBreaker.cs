namespace Cloud.Modules.Platform.Data;

/// <summary>
/// Remembers that the database was away a moment ago, so that a request need not find out for itself: a server that hangs is
/// noticed only by a timeout, and every waiting request would hold a connection for as long. Thread-safe.
/// </summary>
/// <remarks>
/// Closed after a failure; every <see cref="ProbePeriod"/> one caller may try, and the first that succeeds lets everybody in again.
/// </remarks>
internal sealed class DatabaseBreaker(TimeProvider time)
{
    private static readonly TimeSpan ProbePeriod = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private bool _isAway;
    private DateTimeOffset _nextProbe;

    /// <summary>Whether the caller may use the database now; one that may must report how it went.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (!_isAway)
            {
                return true;
            }

            var mayProbe = now >= _nextProbe;
            _nextProbe = mayProbe ? now + ProbePeriod : _nextProbe;
            return mayProbe;
        }
    }

    public void ReportAnswered()
    {
        if (!Volatile.Read(ref _isAway))
        {
            return;
        }

        lock (_gate)
        {
            _isAway = false;
        }
    }

    public void ReportAway()
    {
        lock (_gate)
        {
            _isAway = true;
            _nextProbe = time.GetUtcNow() + ProbePeriod;
        }
    }
}
