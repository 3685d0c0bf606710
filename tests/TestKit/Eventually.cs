using System.Runtime.CompilerServices;

namespace Cloud.TestKit;

/// <summary>Waits for something to become so, and says what was seen last when it does not.</summary>
public static class Eventually
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>Waits until the condition holds.</summary>
    /// <exception cref="TimeoutException">It did not within the limit.</exception>
    public static async Task TrueAsync(Func<bool> condition, string expected, TimeSpan? limit = null) =>
        await NotNullAsync(() => Task.FromResult(condition() ? expected : null), limit, expected);

    /// <summary>Waits until the probe returns something.</summary>
    public static Task<T> NotNullAsync<T>(
        Func<T?> probe, TimeSpan? limit = null, [CallerArgumentExpression(nameof(probe))] string expected = "")
        where T : class => NotNullAsync(() => Task.FromResult(probe()), limit, expected);

    /// <summary>Waits until the probe returns something.</summary>
    public static async Task<T> NotNullAsync<T>(
        Func<Task<T?>> probe, TimeSpan? limit = null, [CallerArgumentExpression(nameof(probe))] string expected = "")
        where T : class
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (await probe() is { } found)
            {
                return found;
            }

            if (TimeProvider.System.GetElapsedTime(started) > (limit ?? Limit))
            {
                throw new TimeoutException($"Not so within {(limit ?? Limit).TotalSeconds:0} s: {expected}");
            }

            await Task.Delay(Interval);
        }
    }
}
