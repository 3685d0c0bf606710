namespace Cloud.KvClient.Requests;

/// <summary>Runs the parts of an operation side by side.</summary>
internal static class Bounded
{
    /// <summary>
    /// Runs an action for each item, at most <paramref name="concurrency"/> at once. All have ended when it returns; the first failure is
    /// thrown, and keeps those that have not begun from beginning.
    /// </summary>
    public static Task ForEachAsync<T>(
        IReadOnlyList<T> items, int concurrency, Func<T, CancellationToken, ValueTask> action, CancellationToken cancellationToken) =>
        items.Count switch
        {
            0 => Task.CompletedTask,
            1 => action(items[0], cancellationToken).AsTask(),
            _ => RunAsync(items, concurrency, action, cancellationToken),
        };

    private static async Task RunAsync<T>(
        IReadOnlyList<T> items, int concurrency, Func<T, CancellationToken, ValueTask> action, CancellationToken cancellationToken)
    {
        var next = -1;
        var failed = false;
        var workers = new Task[Math.Min(items.Count, concurrency)];
        for (var i = 0; i < workers.Length; i++)
        {
            workers[i] = WorkAsync();
        }

        await Task.WhenAll(workers);

        async Task WorkAsync()
        {
            try
            {
                int mine;
                while (!Volatile.Read(ref failed) && (mine = Interlocked.Increment(ref next)) < items.Count)
                {
                    await action(items[mine], cancellationToken);
                }
            }
            catch
            {
                Volatile.Write(ref failed, true);
                throw;
            }
        }
    }
}
