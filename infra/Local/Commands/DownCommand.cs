using System.CommandLine;
using Cloud.Local.Postgres;
using Cloud.Local.Processes;
using Cloud.Local.Supervision;

namespace Cloud.Local.Commands;

/// <summary><c>./cloud down</c>: stops everything; keeps the data unless told to purge it.</summary>
internal static class DownCommand
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(120);

    public static Command Create()
    {
        var purge = new Option<bool>("--purge") { Description = "Also delete CLOUD_HOME and all data in it." };
        var command = new Command("down", "Stop the cloud and everything it runs.") { purge };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var settings = CloudSettings.FromEnvironment();
            var stopped = await StopAsync(settings, cancellationToken);
            Console.WriteLine(stopped ? "The cloud is down." : "The cloud was not up.");
            if (parse.GetValue(purge))
            {
                Purge(settings);
                Console.WriteLine($"Deleted {settings.Home}.");
            }

            return 0;
        });
        return command;
    }

    /// <summary>Ends the supervisor and what it runs, or what a killed supervisor left behind.</summary>
    /// <returns>Whether anything ran.</returns>
    public static async Task<bool> StopAsync(CloudSettings settings, CancellationToken cancellationToken)
    {
        var identity = CloudHome.TryRead(settings);
        if (identity is null)
        {
            return false;
        }

        var supervisor = PidFile.FindAlive(settings, PidFile.Supervisor);
        if (supervisor is not null)
        {
            Signals.Send(supervisor, Signals.Terminate);
            if (!await Signals.WaitForEndAsync(supervisor, StopLimit, cancellationToken))
            {
                Signals.Send(supervisor, Signals.Kill);
            }
        }

        string[] names = [CloudServices.Agent, CloudServices.Portal, CloudServices.Host, CloudServices.Postgres];
        var leftovers = names.Where(name => PidFile.FindAlive(settings, name) is not null).ToList();
        foreach (var name in leftovers)
        {
            var signal = name == CloudServices.Postgres ? Signals.Interrupt : Signals.Terminate;
            await Signals.EndGroupAsync(PidFile.FindAlive(settings, name)!, signal, TimeSpan.FromSeconds(20), cancellationToken); // it was alive
        }

        await StopNodesAsync(settings, cancellationToken);
        return supervisor is not null || leftovers.Count > 0;
    }

    /// <summary>Deletes the home, and PostgreSQL's data where it lies elsewhere.</summary>
    public static void Purge(CloudSettings settings)
    {
        if (CloudHome.TryRead(settings) is { } identity)
        {
            DeleteFolder(identity.PostgresFolder);
            DeleteFolder(Path.Combine("/var/tmp", $"cloud-{identity.InstanceId}"));
        }

        DeleteFolder(settings.Home);
    }

    /// <summary>An agent that was killed leaves the database nodes running on purpose; its own verb ends them.</summary>
    private static async Task StopNodesAsync(CloudSettings settings, CancellationToken cancellationToken)
    {
        var agent = settings.Executable("data-plane/Agent", "cloud-agent");
        var home = Path.Combine(settings.Home, "agent");
        if (File.Exists(agent) && Directory.Exists(home))
        {
            await Shell.RunAsync(agent, ["stop-all", "--home", home], cancellationToken);
        }
    }

    private static void DeleteFolder(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
