using System.Collections.Concurrent;
using System.Net;

namespace Cloud.MySql.Server;

/// <summary>
/// Slows down guessing of passwords: after <see cref="FreeFailures"/> failed logins from one address within <see
/// cref="Window"/>, each
/// further answer "access denied" waits, twice as long each time up to <see cref="DelayMax"/>. A success clears the
/// address.
/// Thread-safe.
/// </summary>
internal sealed class LoginThrottle(TimeProvider time)
{
    /// <summary>Chosen here: a person mistyping is not slowed down.</summary>
    public const int FreeFailures = 5;

    /// <summary>Chosen here: about 17,000 guesses a day from one address; less than the handshake may last.</summary>
    public static readonly TimeSpan DelayMax = TimeSpan.FromSeconds(5);

    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    // Addresses beyond this many share the fate of being forgotten: the table must not grow with an attacker's addresses.
    private const int AddressesMax = 10_000;

    private static readonly TimeSpan DelayFirst = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<IPAddress, Failures> _byAddress = new();

    /// <summary>Counts a failure and returns how long to wait before the client is told.</summary>
    public TimeSpan Fail(IPAddress address)
    {
        if (_byAddress.Count >= AddressesMax)
        {
            _byAddress.Clear();
        }

        var now = time.GetUtcNow();
        var failures = _byAddress.AddOrUpdate(
            address,
            static (_, at) => new Failures(1, at),
            static (_, known, at) => at - known.Last > Window ? new Failures(1, at) : new Failures(known.Count + 1, at),
            now);
        var over = failures.Count - FreeFailures;
        return over <= 0
            ? TimeSpan.Zero
            : TimeSpan.FromTicks(Math.Min(DelayMax.Ticks, DelayFirst.Ticks << Math.Min(over - 1, 20)));
    }

    public void Succeed(IPAddress address) => _byAddress.TryRemove(address, out _);

    private readonly record struct Failures(int Count, DateTimeOffset Last);
}
