using System.Collections.Concurrent;
using System.Globalization;

namespace Cloud.Modules.Platform.Http;

/// <summary>
/// Counts requests per caller in fixed windows, in this process. Thread-safe. At most <see cref="CallersMax"/> callers are
/// remembered; beyond that the windows start over, which errs on the side of serving.
/// Source of the header fields: draft-ietf-httpapi-ratelimit-headers.
/// </summary>
internal sealed class RequestLimits(CloudSettings settings, TimeProvider time)
{
    private const int CallersMax = 100_000;

    private readonly ConcurrentDictionary<string, Window> _windows = new(StringComparer.Ordinal);

    /// <summary>Counts a request of a signed-in caller.</summary>
    public Verdict CountPrincipal(Guid principal) =>
        Count("principal", principal.ToString("N"), settings.RateLimitPer10Seconds, TimeSpan.FromSeconds(10));

    /// <summary>Counts a request of an address that is not signed in.</summary>
    public Verdict CountAddress(string address) =>
        Count("address", address, settings.RateLimitPer10Seconds, TimeSpan.FromSeconds(10));

    /// <summary>Counts an exchange of credentials, which costs much CPU and invites guessing.</summary>
    public Verdict CountCredential(string address) =>
        Count("credentials", address, settings.CredentialRateLimitPerMinute, TimeSpan.FromMinutes(1));

    private Verdict Count(string policy, string caller, int quota, TimeSpan length)
    {
        if (_windows.Count > CallersMax)
        {
            _windows.Clear();
        }

        var now = time.GetUtcNow();
        var number = now.Ticks / length.Ticks;
        var window = _windows.AddOrUpdate(
            policy + ":" + caller,
            _ => new Window(number, 1),
            (_, old) => old.Number == number ? old with { Count = old.Count + 1 } : new Window(number, 1));
        var left = TimeSpan.FromTicks(((number + 1) * length.Ticks) - now.Ticks);
        return new Verdict(policy, quota, length, Math.Max(0, quota - window.Count), left, window.Count <= quota);
    }

    private sealed record Window(long Number, int Count);

    /// <summary>What the count says.</summary>
    internal sealed record Verdict(string Policy, int Quota, TimeSpan Length, int Remaining, TimeSpan Reset, bool Allowed)
    {
        public void WriteHeaders(HttpResponse response)
        {
            response.Headers["RateLimit-Policy"] = string.Create(
                CultureInfo.InvariantCulture, $"\"{Policy}\";q={Quota};w={(int)Length.TotalSeconds}");
            response.Headers["RateLimit"] = string.Create(
                CultureInfo.InvariantCulture, $"\"{Policy}\";r={Remaining};t={(int)Math.Ceiling(Reset.TotalSeconds)}");
        }
    }
}
