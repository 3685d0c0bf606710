namespace Cloud.Local.Supervision;

/// <summary>
/// One log file per service, written by the service itself in append mode. Rotation copies and truncates, so that writers need not
/// reopen; the few lines written between copy and truncation can be lost.
/// </summary>
public static class LogFiles
{
    private const long BytesMax = 20 * 1024 * 1024;
    private const int Generations = 3;

    public static string PathOf(CloudSettings settings, string service) => Path.Combine(settings.LogFolder, service + ".log");

    /// <summary>Keeps <c>x.log.1</c> (newest) to <c>x.log.3</c>.</summary>
    public static void RotateIfLarge(string log)
    {
        if (!File.Exists(log) || new FileInfo(log).Length < BytesMax)
        {
            return;
        }

        for (var generation = Generations - 1; generation >= 1; generation--)
        {
            if (File.Exists($"{log}.{generation}"))
            {
                File.Move($"{log}.{generation}", $"{log}.{generation + 1}", overwrite: true);
            }
        }

        File.Copy(log, $"{log}.1", overwrite: true);
        using var stream = new FileStream(log, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        stream.SetLength(0);
    }
}
