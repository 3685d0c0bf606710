using System.CommandLine;
using Cloud.Local.Supervision;

namespace Cloud.Local.Commands;

/// <summary><c>./cloud status</c>: what runs, since when, and what went wrong last.</summary>
internal static class StatusCommand
{
    /// <summary>Exit code when the cloud is not up.</summary>
    private const int NotUp = 3;

    public static Command Create()
    {
        var command = new Command("status", "Show the services and their state. Exit code 0: all ready; 3: not up; 1: otherwise.");
        command.SetAction(_ =>
        {
            var settings = CloudSettings.FromEnvironment();
            var status = Supervisor.ReadStatus(settings);
            if (status is null || !status.Supervisor.IsAlive)
            {
                Console.WriteLine($"The cloud at {settings.Home} is not up. Remedy: ./cloud up");
                return NotUp;
            }

            Console.WriteLine($"{"SERVICE",-10} {"STATE",-11} {"PID",-8} {"RESTARTS",-9} {"SINCE (UTC)",-20} LAST ERROR");
            foreach (var service in status.Services)
            {
                Console.WriteLine(
                    $"{service.Name,-10} {service.State,-11} {service.Process?.Pid.ToString() ?? "-",-8} {service.Restarts,-9} "
                    + $"{service.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss}  {service.LastError}");
            }

            Console.WriteLine($"Portal http://localhost:{settings.PortalPort}   API {settings.ApiUrl}   home {settings.Home}");
            return status.Services.All(service => service.State == "ready") ? 0 : 1;
        });
        return command;
    }
}
