using Cloud.Node;
using Cloud.Node.Logging;

// Entry point of cloud-node: understands the command line, runs one life, returns its exit code.
if (!CommandLine.Parse(args).TryGet(out var command, out var failure))
{
    await Console.Error.WriteLineAsync($"cloud-node: {failure.Detail}. Run cloud-node --help.");
    return ExitCodes.Usage;
}

switch (command)
{
    case CommandLine.ShowVersion:
        Console.WriteLine(NodeVersion.Text);
        return ExitCodes.Ok;
    case CommandLine.ShowHelp:
        Console.WriteLine(CommandLine.Help);
        return ExitCodes.Ok;
    default:
        break;
}

var time = TimeProvider.System;
var level = LineLoggerProvider.LevelOf(Environment.GetEnvironmentVariable("CLOUD_LOG_LEVEL"));
using var loggers = new LineLoggerFactory(new LineLoggerProvider(Console.OpenStandardOutput(), level, time));
try
{
    using var node = NodeFactory.Create(command, time, loggers);
    return await node.RunAsync();
}
catch (NodeExitException exit)
{
    await Console.Error.WriteLineAsync(exit.Message);
    return exit.Code;
}
