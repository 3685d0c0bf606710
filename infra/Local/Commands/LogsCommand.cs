using System.CommandLine;
using Cloud.Local.Processes;
using Cloud.Local.Supervision;

namespace Cloud.Local.Commands;

/// <summary><c>./cloud logs</c>: the end of the services' logs.</summary>
internal static class LogsCommand
{
    public static Command Create()
    {
        var service = new Argument<string?>("service") { Description = "host, portal, agent, postgres or supervisor; all when left out.", Arity = ArgumentArity.ZeroOrOne };
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on printing what comes." };
        var lines = new Option<int>("--lines", "-n") { Description = "How many lines of each.", DefaultValueFactory = _ => 50 };
        var command = new Command("logs", "Print the services' logs.") { service, follow, lines };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var settings = CloudSettings.FromEnvironment();
            var name = parse.GetValue(service);
            var files = Directory.Exists(settings.LogFolder) ? Directory.GetFiles(settings.LogFolder, (name ?? "*") + ".log").Order(StringComparer.Ordinal).ToList() : [];
            if (files.Count == 0)
            {
                throw new LocalException($"There is no log of {name ?? "any service"} in {settings.LogFolder}.");
            }

            string[] options = parse.GetValue(follow) ? ["-F"] : [];
            return await Shell.RunVisiblyAsync("tail", ["-n", $"{parse.GetValue(lines)}", .. options, .. files], cancellationToken);
        });
        return command;
    }
}
