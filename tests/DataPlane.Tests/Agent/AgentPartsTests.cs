using Cloud.Agent;
using Cloud.Agent.Host;
using Cloud.Agent.Instances;
using Cloud.Agent.Processes;
using Cloud.Agent.Usage;
using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.TestKit;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Agent;

/// <summary>The pure parts of the agent.</summary>
public sealed class AgentPartsTests
{
    [Theory]
    [InlineData("--home", "--home needs a value")]
    [InlineData("--home /h --colour red", "Unknown argument '--colour'")]
    [InlineData("--control-plane ws://x", "--home is required")]
    [InlineData("--home /h --control-plane http://x", "ws:// or wss://")]
    [InlineData("--home /h --ports 20000", "FIRST-LAST")]
    [InlineData("--home /h --ports 30000-40000", "1024-32767")]
    [InlineData("--home /h --drain-seconds 0", "1 to 600")]
    [InlineData("--home /h --location Local!", "--location")]
    public void A_wrong_command_line_is_refused_with_the_remedy(string line, string expected) =>
        CommandLine.Parse(line.Split(' '), _ => null).Failure.ShouldNotBeNull().Detail.ShouldContain(expected);

    [Fact]
    public void Options_come_from_the_environment_too_and_the_command_line_wins()
    {
        var options = CommandLine.Parse(
            ["--ports", "21000-22000"],
            name => name switch { "CLOUD_AGENT_HOME" => "/h", "CLOUD_AGENT_PORTS" => "1-2", _ => null }).Value;
        options.Home.ShouldBe("/h");
        (options.PortFirst, options.PortLast).ShouldBe((21000, 22000));
        options.ControlPlane.ShouldBe(new Uri("ws://127.0.0.1:7402"));
        options.StopInstancesOnExit.ShouldBeFalse();
    }

    [Fact]
    public void Only_listening_sockets_take_a_port()
    {
        string[] table =
        [
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
            "   0: 0100007F:1CE8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1135 1 0 100 0 0 10 0",
            "   1: 0100007F:1CE9 0100007F:1CE8 01 00000000:00000000 00:00000000 00000000     0        0 1136 1 0 100 0 0 10 0",
            "   2: 00000000000000000000000001000000:1CEA 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1 1 0",
        ];
        ListeningPorts.Parse(table).ShouldBe([0x1CE8, 0x1CEA]);
    }

    [Fact]
    public void From_every_fact_a_supervisor_gets_to_every_wish()
    {
        var now = DateTimeOffset.UnixEpoch;
        var drain = TimeSpan.FromSeconds(10);
        var spec = Spec();
        foreach (var wish in new[] { spec, spec with { State = DesiredInstanceState.Stopped }, spec with { State = DesiredInstanceState.Removed } })
        {
            foreach (var facts in AllFacts(spec, now))
            {
                Drive(wish, facts, drain, now).ShouldBe((wish.State == DesiredInstanceState.Running, wish.State != DesiredInstanceState.Removed && (facts.FolderExists || wish.State == DesiredInstanceState.Running)));
            }
        }
    }

    [Fact]
    public void Readings_at_any_moments_cut_into_abutting_windows_that_lose_nothing()
    {
        for (ulong seed = 1; seed <= 200; seed++)
        {
            var random = new SeededRandom(seed);
            var spec = Spec();
            var started = DateTimeOffset.UnixEpoch.AddMilliseconds(random.Next(100_000));
            var now = started;
            var count = 0L;
            UsageTrack? track = null;
            var windows = new List<UsageWindow>();
            for (var i = 0; i < 20; i++)
            {
                now = now.AddMilliseconds(random.Next(60_000));
                count += random.Next(1000);
                var reading = new NodeUsage("life", started, new UsageCounters { ReadBytes = count, StoredBytes = i });
                if (UsageTrack.Cut(track, spec.ClusterId, spec.Id, reading, now) is var (next, window))
                {
                    track = next;
                    windows.Add(window);
                }
            }

            windows[0].Start.ShouldBe(started);
            windows.Skip(1).Select(window => window.Start).ShouldBe(windows.SkipLast(1).Select(window => window.End));
            windows.Sum(window => window.Counters.ReadBytes).ShouldBe(track!.Counters.ReadBytes, $"seed {seed}");
            windows.Select(window => window.Id).Distinct().Count().ShouldBe(windows.Count);
        }
    }

    [Theory]
    [InlineData("../../etc")]
    [InlineData("..")]
    [InlineData("")]
    public async Task A_version_never_leads_out_of_the_releases(string version)
    {
        var releases = await NodeReleases.OpenAsync(null, "/", CancellationToken.None);
        releases.Value.Find(version).ShouldBeNull();
    }

    [Fact]
    public async Task A_full_log_is_rotated_in_place_and_only_so_many_are_kept()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "node.log");
        await using var writer = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        for (var i = 0; i < 6; i++)
        {
            await writer.WriteAsync("0123456789\n"u8.ToArray());
            await writer.FlushAsync();
            LogFile.RotateIfFull(path, bytesMax: 5);
            new FileInfo(path).Length.ShouldBe(0);
        }

        Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order().ShouldBe(["node.log", "node.log.1", "node.log.2", "node.log.3"]);
        LogFile.LastLine(path + ".1").ShouldEndWith("0123456789");
    }

    [Fact]
    public async Task The_agent_tells_its_own_health()
    {
        var connected = false;
        var port = FreePort.Next();
        await using var server = await StatusServer.StartAsync(port, () => new AgentReport(connected, 7, [], 3), default);
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        (await client.GetAsync("/readyz")).StatusCode.ShouldBe(System.Net.HttpStatusCode.ServiceUnavailable);
        connected = true;
        (await client.GetAsync("/readyz")).StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
        (await client.GetStringAsync("/metrics")).ShouldContain("cloud_agent_usage_windows_pending 3\n");
    }

    private static (bool Process, bool Folder) Drive(InstanceSpec wish, SupervisorFacts facts, TimeSpan drain, DateTimeOffset now)
    {
        for (var steps = 0; steps < 20; steps++, now += TimeSpan.FromSeconds(5))
        {
            facts = SupervisorPlan.Next(wish, facts, drain, now) switch
            {
                SupervisorStep.Start => facts with { Started = wish, Written = wish.Config, FolderExists = true },
                SupervisorStep.WriteConfig => facts with { Written = wish.Config },
                SupervisorStep.Stop => facts with { StoppingSince = now },
                SupervisorStep.Kill => facts with { Started = null, StoppingSince = null },
                SupervisorStep.Remove => facts with { FolderExists = false },
                _ => facts,
            };
        }

        return (facts.Started is not null, facts.FolderExists);
    }

    private static IEnumerable<SupervisorFacts> AllFacts(InstanceSpec spec, DateTimeOffset now)
    {
        var users = spec.Config with { AllowList = ["10.0.0.0/8"] };
        yield return new SupervisorFacts();
        yield return new SupervisorFacts { FolderExists = true };
        yield return new SupervisorFacts { FolderExists = true, StartNotBefore = now.AddSeconds(20) };
        yield return new SupervisorFacts { FolderExists = true, Started = spec };
        yield return new SupervisorFacts { FolderExists = true, Started = spec, Written = users };
        yield return new SupervisorFacts { FolderExists = true, Started = spec with { Version = "0" }, Written = spec.Config };
        yield return new SupervisorFacts { FolderExists = true, Started = spec with { RestartGeneration = -1 }, Written = spec.Config };
        yield return new SupervisorFacts { FolderExists = true, Started = spec, Written = spec.Config, StoppingSince = now };
    }

    private static InstanceSpec Spec()
    {
        var id = InstanceId.From(Guid.CreateVersion7(DateTimeOffset.UnixEpoch));
        var cluster = ClusterId.From(id.Value);
        return new InstanceSpec
        {
            Id = id,
            ClusterId = cluster,
            Role = InstanceRole.Pd,
            Version = "1",
            Blueprint = 1,
            State = DesiredInstanceState.Running,
            Limits = new ResourceLimits(1000, 1, 1),
            Config = new NodeConfig
            {
                InstanceId = id,
                ClusterId = cluster,
                PdClusterId = 1,
                Role = InstanceRole.Pd,
                BindAddress = "127.0.0.1",
                AdvertisedAddress = "127.0.0.1",
                ClientPort = 1,
                StatusPort = 2,
                PdEndpoints = ["127.0.0.1:1"],
            },
        };
    }
}
