using System.Collections.Concurrent;
using Cloud.Kernel;
using Cloud.Portal.Api;

namespace Cloud.Portal.Session;

/// <summary>The newest tokens of every session that this process serves. Safe for any thread.</summary>
/// <remarks>
/// Invariants:
/// a refresh token is presented once, because the control plane ends a session whose token is presented twice;
/// pages of one person run at the same time, so a refresh is a single flight per session;
/// of two pairs the later one wins, so that a request with an older cookie is given the newer pair and its cookie renewed.
/// Crash points: between the refresh and the renewed cookie the browser holds a spent token. While this process lives it
/// answers from here; if it dies just then the person signs in again, and nothing else is lost.
/// </remarks>
internal sealed class SessionVault(TokenClient tokens, TimeProvider time)
{
    /// <summary>A token this close to its end is renewed first, so that it outlives the call it is for.</summary>
    private static readonly TimeSpan RenewBefore = TimeSpan.FromSeconds(60);

    /// <summary>A session nobody used for so long is dropped here; its cookie still works.</summary>
    private static readonly TimeSpan IdleMax = TimeSpan.FromHours(12);

    private const int SessionsMax = 20_000;

    private readonly ConcurrentDictionary<string, Entry> _sessions = new(StringComparer.Ordinal);

    /// <summary>Takes in the pair that a cookie carries.</summary>
    public void Adopt(string sessionId, SessionTokens pair)
    {
        if (_sessions.Count >= SessionsMax)
        {
            DropIdle();
        }

        var entry = _sessions.GetOrAdd(sessionId, static (_, first) => new Entry(first), pair);
        lock (entry)
        {
            entry.LastUsed = time.GetUtcNow();
            if (entry.Tokens.IsOlderThan(pair))
            {
                entry.Tokens = pair;
            }
        }
    }

    /// <summary>Tokens that work for at least a minute, refreshed if need be.</summary>
    /// <returns>
    /// The pair; code <c>session-ended</c> when the control plane refuses to renew it or the session is not known here;
    /// or why the control plane could not be asked.
    /// </returns>
    public async Task<Reply<SessionTokens>> FreshAsync(string sessionId, CancellationToken cancellationToken)
    {
        if (!_sessions.TryGetValue(sessionId, out var entry) || entry.Ended)
        {
            return Problem.SessionEnded;
        }

        entry.LastUsed = time.GetUtcNow();
        if (StillGood(entry.Tokens))
        {
            return entry.Tokens;
        }

        await entry.Gate.WaitAsync(cancellationToken);
        try
        {
            return StillGood(entry.Tokens) ? entry.Tokens : await RefreshAsync(entry);
        }
        finally
        {
            entry.Gate.Release();
        }
    }

    /// <summary>Makes every page of the session stop at its next call. Idempotent.</summary>
    public void End(string sessionId)
    {
        if (_sessions.TryGetValue(sessionId, out var entry))
        {
            entry.Ended = true;
        }
    }

    private async Task<Reply<SessionTokens>> RefreshAsync(Entry entry)
    {
        // Not cancelled with its caller: a refresh whose answer is thrown away has spent the token. The client's own
        // time-out bounds it.
        var reply = await tokens.RefreshAsync(entry.Tokens.RefreshToken, CancellationToken.None);
        if (reply.TryGet(out var renewed, out var problem))
        {
            lock (entry)
            {
                entry.Tokens = renewed;
            }

            return renewed;
        }

        if (problem.Status is StatusCodes.Status400BadRequest or StatusCodes.Status401Unauthorized)
        {
            entry.Ended = true;
            return Problem.SessionEnded;
        }

        return problem;
    }

    private bool StillGood(SessionTokens pair) => pair.ExpiresAt - time.GetUtcNow() > RenewBefore;

    private void DropIdle()
    {
        var before = time.GetUtcNow() - IdleMax;
        foreach (var (id, entry) in _sessions)
        {
            if (entry.LastUsed < before || entry.Ended)
            {
                _sessions.TryRemove(id, out _);
            }
        }
    }

    private sealed class Entry(SessionTokens tokens)
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public SessionTokens Tokens { get; set; } = tokens;

        public DateTimeOffset LastUsed { get; set; }

        public bool Ended { get; set; }
    }
}
