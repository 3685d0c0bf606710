using System.Runtime.InteropServices;
using Cloud.Agent.Host;
using Cloud.Agent.Processes;
using Microsoft.Extensions.Logging;

namespace Cloud.Agent;

/// <summary>The executable <c>cloud-agent</c>.</summary>
internal static class Program
{
    private const int Done = 0;
    private const int Failed = 1;
    private const int WrongUsage = 2;
    private const int HomeTaken = 3;

    public static async Task<int> Main(string[] arguments)
    {
        if (arguments.Contains("--help") || arguments.Contains("-h"))
        {
            await Console.Out.WriteLineAsync(CommandLine.Help);
            return Done;
        }

        if (arguments is ["--version"])
        {
            await Console.Out.WriteLineAsync(AgentService.Version);
            return Done;
        }

        var stopAll = arguments is ["stop-all", ..];
        var parsed = CommandLine.Parse(stopAll ? arguments[1..] : arguments, Environment.GetEnvironmentVariable);
        if (!parsed.TryGet(out var options, out var failure))
        {
            await Console.Error.WriteLineAsync(failure.Detail);
            return WrongUsage;
        }

        using var logging = LoggerFactory.Create(builder => builder.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
        }));
        return await RunAsync(options, stopAll, logging.CreateLogger("agent"));
    }

    private static async Task<int> RunAsync(AgentOptions options, bool stopAll, ILogger logger)
    {
        using var ending = new CancellationTokenSource();
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        try
        {
            var home = new AgentHome(options.Home);
            await using var taken = home.TryLock();
            if (taken is null)
            {
                logger.LogCritical("Another agent owns {Home}. End it, or give another --home.", home.Path);
                return HomeTaken;
            }

            var opened = await NodeReleases.OpenAsync(stopAll ? null : options.NodeBinary, options.Releases, ending.Token);
            if (!opened.TryGet(out var releases, out var failure))
            {
                logger.LogCritical("{Problem}", failure.Detail);
                return WrongUsage;
            }

            using var agent = new AgentService(
                options, home, releases, new LinuxHostResources(home), TimeProvider.System, logger);
            logger.LogInformation("cloud-agent {Version} serves {Home} with cloud-node {Versions}.", AgentService.Version, home.Path, string.Join(", ", releases.Versions()));
            await (stopAll ? agent.StopOnlyAsync(ending.Token) : agent.RunAsync(ending.Token));
            return Done;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException or OperationCanceledException)
        {
            logger.LogCritical(exception, "The agent ends: {Problem}", exception.Message);
            return Failed;
        }

        void End(PosixSignalContext context)
        {
            context.Cancel = true;
            ending.Cancel();
        }
    }
}
