using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Cloud.Local.Postgres;
using Cloud.Local.Prerequisites;
using Cloud.Local.Processes;
using Cloud.Local.Supervision;

namespace Cloud.Local.Commands;

/// <summary><c>./cloud up</c>: installs what is missing, builds, starts everything, tells where it is.</summary>
internal static class UpCommand
{
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(90);
    private const long DiskFreeBytesMin = 1024L * 1024 * 1024;

    public static Command Create()
    {
        var detach = new Option<bool>("--detach", "-d") { Description = "Return when everything is ready and leave it running; ./cloud down ends it." };
        var fresh = new Option<bool>("--fresh") { Description = "Delete CLOUD_HOME and all data in it first." };
        var noBuild = new Option<bool>("--no-build") { Description = "Run the binaries that are there." };
        var command = new Command("up", "Install what is missing, build, and run the whole cloud.") { detach, fresh, noBuild };
        command.SetAction((parse, cancellationToken) => RunAsync(
            parse.GetValue(detach), parse.GetValue(fresh), parse.GetValue(noBuild), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(bool detach, bool fresh, bool noBuild, CancellationToken cancellationToken)
    {
        var settings = CloudSettings.FromEnvironment();
        if (fresh)
        {
            await DownCommand.StopAsync(settings, cancellationToken);
            DownCommand.Purge(settings);
        }

        if (PidFile.FindAlive(settings, PidFile.Supervisor) is not null)
        {
            Console.WriteLine("The cloud is already up.");
            return await AnnounceWhenReadyAsync(settings, () => true, cancellationToken);
        }

        await new PackageInstaller(Console.WriteLine).EnsureAsync(Requirement.ToRun, cancellationToken);
        RequireDisk(settings);
        if (!noBuild)
        {
            await new SolutionBuild(settings, Console.WriteLine).EnsureAsync(SolutionBuild.Product, cancellationToken);
        }

        var services = await PrepareAsync(settings, cancellationToken);
        await Supervisor.EndLeftoversAsync(settings, services, cancellationToken);
        RequirePortsFree(settings);
        return detach
            ? await DetachAsync(settings, cancellationToken)
            : await SuperviseAsync(settings, services, announce: true);
    }

    /// <summary>What a detached <c>up</c> leaves running; not for people.</summary>
    public static Command CreateSupervise()
    {
        var command = new Command("supervise", "Run the services in the foreground.") { Hidden = true };
        command.SetAction(async (_, cancellationToken) =>
        {
            var settings = CloudSettings.FromEnvironment();
            return await SuperviseAsync(settings, await PrepareAsync(settings, cancellationToken), announce: false);
        });
        return command;
    }

    private static async Task<IReadOnlyList<ServiceDefinition>> PrepareAsync(CloudSettings settings, CancellationToken cancellationToken)
    {
        var account = ServiceAccount.ForThisUser();
        var identity = CloudHome.Open(settings, account);
        var binaries = PostgresBinaries.Find() ?? throw new LocalException("PostgreSQL is not installed. Remedy: ./cloud up installs it.");
        var postgres = new PrivatePostgres(binaries, account, new PostgresSettings(
            Path.Combine(identity.PostgresFolder, "data"),
            SocketFolder(identity),
            identity.PostgresPort,
            CloudHome.Secret(settings, "postgres-password"),
            LogFiles.PathOf(settings, CloudServices.Postgres),
            Durable: true));
        await account.CreateFolderAsync(identity.PostgresFolder, cancellationToken);
        await postgres.InitializeAsync(cancellationToken);
        return new CloudServices(settings, identity, postgres).All();
    }

    private static string SocketFolder(CloudIdentity identity)
    {
        var beside = Path.Combine(identity.PostgresFolder, "socket");
        return beside.Length < 80 ? beside : Path.Combine("/var/tmp", $"cloud-{identity.InstanceId}");
    }

    private static async Task<int> SuperviseAsync(CloudSettings settings, IReadOnlyList<ServiceDefinition> services, bool announce)
    {
        using var stopping = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        var supervisor = new Supervisor(settings, services, TimeProvider.System);
        var running = supervisor.RunAsync(
            () =>
            {
                if (announce)
                {
                    Announcement.Print(settings);
                    Console.WriteLine("Press Ctrl+C to stop.");
                }
            },
            stopping.Token);
        await running;
        return 0;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stopping.Cancel();
        }
    }

    private static async Task<int> DetachAsync(CloudSettings settings, CancellationToken cancellationToken)
    {
        var log = LogFiles.PathOf(settings, PidFile.Supervisor);
        string[] command =
        [
            "sh", "-c", "exec \"$1\" supervise >>\"$2\" 2>&1 </dev/null", "sh",
            Environment.ProcessPath!, // an apphost always knows its path
            log,
        ];
        using var supervisor = Process.Start(new ProcessStartInfo("setsid", command))
            ?? throw new LocalException("The supervisor did not start.");
        return await AnnounceWhenReadyAsync(settings, () => !supervisor.HasExited, cancellationToken);
    }

    private static async Task<int> AnnounceWhenReadyAsync(CloudSettings settings, Func<bool> isRunning, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var status = Supervisor.ReadStatus(settings);
            if (status is { Services.Count: > 0, Supervisor.IsAlive: true } && status.Services.All(service => service.State == "ready"))
            {
                Announcement.Print(settings);
                return 0;
            }

            if (!isRunning() || TimeProvider.System.GetElapsedTime(started) > ReadyLimit)
            {
                var waiting = status?.Services.Where(service => service.State != "ready").Select(service => $"{service.Name} ({service.State}: {service.LastError ?? "no error yet"})") ?? [];
                throw new LocalException($"Not ready after {ReadyLimit.TotalSeconds:0} s: {string.Join(", ", waiting)}. Remedy: see ./cloud logs; ./cloud down ends what runs.");
            }

            await Task.Delay(50, cancellationToken);
        }
    }

    private static void RequirePortsFree(CloudSettings settings)
    {
        (string Variable, int Port)[] ports =
            [("CLOUD_API_PORT", settings.ApiPort), ("CLOUD_PORTAL_PORT", settings.PortalPort), ("CLOUD_AGENT_PORT", settings.AgentPort)];
        foreach (var (variable, port) in ports)
        {
            if (!Local.Ports.IsFree(port))
            {
                throw new LocalException($"Port {port} is in use by another program. Remedy: stop it, or set {variable} to a free port.");
            }
        }
    }

    private static void RequireDisk(CloudSettings settings)
    {
        var existing = settings.Home;
        while (!Directory.Exists(existing))
        {
            existing = Path.GetDirectoryName(existing)!; // the root exists
        }

        var free = new DriveInfo(existing).AvailableFreeSpace;
        if (free < DiskFreeBytesMin)
        {
            throw new LocalException(
                $"Only {Kernel.ByteSize.FromBytes(free)} are free on the disk of {settings.Home}; at least {Kernel.ByteSize.FromBytes(DiskFreeBytesMin)} are needed. "
                + "Remedy: make room, or set CLOUD_HOME to another disk.");
        }
    }
}
