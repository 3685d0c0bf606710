using Cloud.Contracts;

namespace Cloud.Node;

/// <summary>
/// Looks at the configuration file once a second and hands over what changed. Looking, rather than being notified,
/// works on every file
/// system and through atomic replacement. A file that cannot be used leaves the old configuration in force and is
/// reported once.
/// </summary>
internal sealed class ConfigWatch(string path, Action<NodeConfig> apply, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private (DateTime Written, long Length) _seen = Stamp(path);

    /// <summary>Watches until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                Look();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private void Look()
    {
        var stamp = Stamp(path);
        if (stamp == _seen)
        {
            return;
        }

        _seen = stamp;
        try
        {
            var config = NodeConfigFile.Load(path);
            apply(config);
            NodeLog.ConfigTaken(logger, config.SqlUsers.Count, config.AllowList.Count);
        }
        catch (NodeExitException problem)
        {
            NodeLog.ConfigRefused(logger, problem.Message);
        }
    }

    private static (DateTime Written, long Length) Stamp(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
    }
}
