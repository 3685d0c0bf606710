namespace Cloud.Node;

internal static partial class NodeLog
{
    [LoggerMessage(1, LogLevel.Information, "cloud-node {Version} starts as {Role}, instance {Instance}, process {Pid}.")]
    public static partial void Starting(ILogger logger, string version, string role, string instance, int pid);

    [LoggerMessage(2, LogLevel.Information, "Ready after {Milliseconds} ms; status on port {StatusPort}.")]
    public static partial void Ready(ILogger logger, long milliseconds, int statusPort);

    [LoggerMessage(3, LogLevel.Warning, "{What} does not answer, asking again: {Reason}")]
    public static partial void Waiting(ILogger logger, string what, string reason);

    [LoggerMessage(4, LogLevel.Information, "Draining: no new work is taken, what runs may finish within {Limit}.")]
    public static partial void Draining(ILogger logger, TimeSpan limit);

    [LoggerMessage(5, LogLevel.Information, "Stopped.")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(6, LogLevel.Critical, "The node has failed and ends.")]
    public static partial void Failed(ILogger logger, Exception fault);

    [LoggerMessage(7, LogLevel.Information, "Took over the changed configuration: {Users} SQL users, {Blocks} allowed blocks.")]
    public static partial void ConfigTaken(ILogger logger, int users, int blocks);

    [LoggerMessage(8, LogLevel.Warning, "The changed configuration is not taken over, the old one stays: {Problem}")]
    public static partial void ConfigRefused(ILogger logger, string problem);
}
