using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Cloud.Agent;
using Cloud.Agent.Instances;
using Cloud.Agent.Processes;
using Cloud.Contracts;
using Cloud.Kernel;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Agent;

/// <summary>What is true after an agent, a node or the control plane was killed.</summary>
public sealed class AgentSurvivalTests
{
    [Fact]
    public async Task The_next_agent_adopts_what_still_runs()
    {
        await using var world = await AgentWorld.StartAsync();
        var spec = world.Spec();
        await world.Plane.WishAsync(1, spec);
        var before = await world.UntilAsync(spec.Id, status => status is { State: ObservedInstanceState.Ready, Incarnation: not null }, "ready");

        await world.StopAgentAsync();
        world.Processes(spec.Id).ShouldBe([before.Pid!.Value]);
        await world.StartAgentAsync();
        await AgentWorld.UntilAsync(() => world.Plane.Hellos.Count == 2, () => "a second hello");
        await world.Plane.WishAsync(2, spec);

        await AgentWorld.UntilAsync(() => world.Plane.Observed?.Revision == 2, () => "revision 2");
        var after = await world.UntilAsync(spec.Id, ObservedInstanceState.Ready);
        after.Pid.ShouldBe(before.Pid);
        after.Incarnation.ShouldBe(before.Incarnation);
        after.StartedAt.ShouldBe(before.StartedAt);

        Process.GetProcessById(after.Pid!.Value).Kill();
        (await world.UntilAsync(spec.Id, status => status.Crashes == 1 && status.State == ObservedInstanceState.Ready, "a restart"))
            .Pid.ShouldNotBe(before.Pid);
    }

    [Fact]
    public async Task Instances_go_on_without_the_control_plane_and_without_it_from_the_start()
    {
        await using var world = await AgentWorld.StartAsync();
        var spec = world.Spec();
        await world.Plane.WishAsync(1, spec);
        var first = await world.UntilAsync(spec.Id, ObservedInstanceState.Ready);

        await world.Plane.DisposeAsync();
        Process.GetProcessById(first.Pid!.Value).Kill();
        await AgentWorld.UntilAsync(
            () => world.Processes(spec.Id) is [var pid] && pid != first.Pid, () => "a restart without the control plane");

        await world.StopAgentAsync();
        Process.GetProcessById(world.Processes(spec.Id).Single()).Kill();
        await AgentWorld.UntilAsync(() => world.Processes(spec.Id).Count == 0, () => "no process");
        await world.StartAgentAsync();
        await AgentWorld.UntilAsync(() => world.Processes(spec.Id).Count == 1, () => "a start from the kept state");
    }

    [Fact]
    public async Task A_foreign_process_with_the_recorded_number_is_never_signalled()
    {
        await using var world = await AgentWorld.WithoutAgentAsync();
        var spec = world.Spec(state: DesiredInstanceState.Removed);
        using var foreign = Process.Start("/bin/sleep", "60");
        try
        {
            var identity = ProcessTable.IdentityOf(foreign.Id).ShouldNotBeNull();
            Directory.CreateDirectory(world.Folder(spec.Id));
            await File.WriteAllTextAsync(
                Path.Combine(world.Folder(spec.Id), "process.json"),
                JsonSerializer.Serialize(
                    new ProcessRecord { Spec = spec, Identity = identity, StartedAt = DateTimeOffset.UnixEpoch }, AgentProtocol.Json));
            await world.Plane.WishAsync(1, spec);
            await world.StartAgentAsync();

            await world.UntilAsync(spec.Id, ObservedInstanceState.Removed);

            foreign.HasExited.ShouldBeFalse();
        }
        finally
        {
            foreign.Kill();
        }
    }

    [Fact]
    public async Task Agents_killed_at_any_moment_leave_at_most_one_process_per_instance()
    {
        await using var world = await AgentWorld.WithoutAgentAsync();
        var random = new SeededRandom(20);
        var spec = world.Spec();
        await world.Plane.WishAsync(1, spec);
        for (var round = 0; round < 6; round++)
        {
            using var agent = world.StartExecutable(world.Arguments());
            var hellos = world.Plane.Hellos.Count;
            await AgentWorld.UntilAsync(() => world.Plane.Hellos.Count > hellos || agent.HasExited, () => "an agent");
            await Task.Delay(random.Next(40)); // The moment of the kill is what varies, not something that is awaited.
            agent.Kill();
            await agent.WaitForExitAsync();
            world.Processes(spec.Id).Count.ShouldBeLessThanOrEqualTo(1);
            if (world.Processes(spec.Id) is [var pid] && random.Chance(0.5))
            {
                NodeProcess.Open(pid)?.Kill();
            }
        }

        using var last = world.StartExecutable(world.Arguments());
        var status = await world.UntilAsync(
            spec.Id, now => now.State == ObservedInstanceState.Ready && world.Processes(spec.Id).Contains(now.Pid ?? 0), "ready");
        world.Processes(spec.Id).ShouldBe([status.Pid!.Value]);
        last.Kill();
        await last.WaitForExitAsync();
    }

    [Fact]
    public async Task The_real_node_obeys_the_contract_that_the_agent_relies_on()
    {
        await using var world = await AgentWorld.WithoutAgentAsync();
        var spec = world.Spec(InstanceRole.Pd);
        spec = spec with
        {
            Version = AgentService.Version,
            Limits = spec.Limits with { MemoryBytes = ByteSize.FromGiB(1).Bytes },
            Config = spec.Config with { PdEndpoints = [$"127.0.0.1:{spec.Config.ClientPort}"] },
        };
        await world.Plane.WishAsync(1, spec);
        string[] arguments = [.. world.Arguments()[..^1], Path.Combine(AppContext.BaseDirectory, "cloud-node")];
        using var agent = world.StartExecutable(arguments);

        var ready = await world.UntilAsync(
            spec.Id, status => status is { State: ObservedInstanceState.Ready, Incarnation: not null }, "a ready node with usage");
        await AgentWorld.UntilAsync(() => !world.Plane.Windows.IsEmpty, () => "a usage window");
        world.Plane.Windows.First().Incarnation.ShouldBe(ready.Incarnation);

        await world.Plane.WishAsync(2, spec with { State = DesiredInstanceState.Removed, Blueprint = 2 });
        await world.UntilAsync(spec.Id, ObservedInstanceState.Removed);
        world.Processes(spec.Id).ShouldBeEmpty();
        NodeProcess.Open(agent.Id)!.Terminate();
        await agent.WaitForExitAsync();
    }

    [Fact]
    public async Task Stop_all_ends_every_process_of_a_home_whose_agent_was_killed()
    {
        await using var world = await AgentWorld.WithoutAgentAsync();
        var specs = new[] { world.Spec(), world.Spec(InstanceRole.Pd) };
        await world.Plane.WishAsync(1, specs);
        using var agent = world.StartExecutable(world.Arguments());
        foreach (var spec in specs)
        {
            await world.UntilAsync(spec.Id, ObservedInstanceState.Ready);
        }

        using (var second = world.StartExecutable(world.Arguments()))
        {
            await second.WaitForExitAsync();
            second.ExitCode.ShouldBe(3, "the home is taken");
        }

        agent.Kill();
        await agent.WaitForExitAsync();
        using var stop = world.StartExecutable("stop-all", "--home", world.Home);
        await stop.WaitForExitAsync();

        stop.ExitCode.ShouldBe(0);
        specs.SelectMany(spec => world.Processes(spec.Id)).ShouldBeEmpty();
        specs.ShouldAllBe(spec => Directory.Exists(Path.Combine(world.Folder(spec.Id), "data")));
    }

    [Fact]
    public async Task Sigterm_leaves_the_instances_unless_the_agent_was_told_to_stop_them()
    {
        await using var world = await AgentWorld.WithoutAgentAsync();
        var spec = world.Spec();
        await world.Plane.WishAsync(1, spec);
        using (var leaving = world.StartExecutable(world.Arguments()))
        {
            await world.UntilAsync(spec.Id, ObservedInstanceState.Ready);
            NodeProcess.Open(leaving.Id)!.Terminate();
            await leaving.WaitForExitAsync();
            leaving.ExitCode.ShouldBe(0);
        }

        world.Processes(spec.Id).Count.ShouldBe(1);
        using var stopping = world.StartExecutable([.. world.Arguments(), "--stop-instances-on-exit"]);
        await AgentWorld.UntilAsync(() => world.Plane.Hellos.Count == 2, () => "a second hello");
        NodeProcess.Open(stopping.Id)!.Terminate();
        await stopping.WaitForExitAsync();
        stopping.ExitCode.ShouldBe(0);
        world.Processes(spec.Id).ShouldBeEmpty();
    }

    [Fact]
    public async Task Usage_windows_abut_survive_the_agent_and_are_repeated_until_accepted()
    {
        await using var world = await AgentWorld.StartAsync();
        world.Plane.AcceptsUsage = false;
        var spec = world.Spec();
        await world.Plane.WishAsync(1, spec);
        await world.UntilAsync(spec.Id, ObservedInstanceState.Ready);
        using var client = new HttpClient();
        (await client.GetAsync($"http://127.0.0.1:{spec.Config.StatusPort}/work/5")).EnsureSuccessStatusCode();
        await AgentWorld.UntilAsync(() => world.Plane.Windows.Any(window => window.Counters.ReadRequests == 5), () => "a window with work");

        await world.StopAgentAsync();
        (await client.GetAsync($"http://127.0.0.1:{spec.Config.StatusPort}/work/37")).EnsureSuccessStatusCode();
        var firstDelivery = world.Plane.Windows.First().Id;
        world.Plane.Windows.Clear();
        world.Plane.AcceptsUsage = true;
        await world.StartAgentAsync();
        await AgentWorld.UntilAsync(() => Distinct(world).Sum(window => window.Counters.ReadRequests) == 42, () => "all work");
        await world.Plane.WishAsync(2, spec with { State = DesiredInstanceState.Removed });
        await world.UntilAsync(spec.Id, ObservedInstanceState.Removed);
        var spool = Path.Combine(world.Home, "usage", spec.Id + ".json");
        await AgentWorld.UntilAsync(() => !File.Exists(spool), () => "an empty spool");

        var windows = Distinct(world);
        windows[0].Id.ShouldBe(firstDelivery);
        windows.Select(window => window.Incarnation).Distinct().Count().ShouldBe(1);
        windows.Skip(1).Select(window => window.Start).ShouldBe(windows.SkipLast(1).Select(window => window.End), "windows abut");
        windows.ShouldAllBe(window => window.Id == UsageWindow.IdOf(spec.ClusterId, spec.Id, window.Incarnation, window.Start));
        windows.Skip(1).ShouldAllBe(window => window.Start.ToUnixTimeMilliseconds() % 1000 == 0);
        windows.Sum(window => window.Counters.ReadRequests).ShouldBe(42);
    }

    private static List<UsageWindow> Distinct(AgentWorld world) =>
        [.. world.Plane.Windows.DistinctBy(window => window.Id).OrderBy(window => window.Start)];
}
