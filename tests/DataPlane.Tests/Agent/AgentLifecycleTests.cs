using System.Diagnostics;
using System.Text.Json;
using Cloud.Agent.Host;
using Cloud.Agent.Processes;
using Cloud.Contracts;
using Cloud.Kernel;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Agent;

/// <summary>What the control plane sees of an agent and its instances; real processes, a real socket.</summary>
public sealed class AgentLifecycleTests
{
    [Fact]
    public async Task A_wished_instance_runs_in_a_session_of_its_own_and_becomes_ready()
    {
        await using var world = await AgentWorld.StartAsync();
        var spec = world.Spec();
        await world.Plane.WishAsync(1, spec);

        var status = await world.UntilAsync(spec.Id, ObservedInstanceState.Ready);

        var pid = status.Pid.ShouldNotBeNull();
        world.Processes(spec.Id).ShouldBe([pid]);
        var arguments = ProcessTable.ArgumentsOf(pid);
        var command = Array.IndexOf(arguments, world.Node.Binary);
        arguments[(command + 1)..].ShouldBe(["storage", "--instance", spec.Id.ToString(), "--config", Path.Combine(world.Folder(spec.Id), "node.json")]);
        var stat = await File.ReadAllTextAsync($"/proc/{pid}/stat");
        stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[3].ShouldBe(pid.ToString(), "the process leads its session");
        status.Blueprint.ShouldBe(1);
        status.LastError.ShouldBeNull();
        await world.UntilAsync(spec.Id, now => now.Incarnation is not null, "an incarnation");
        world.Plane.Observed!.Revision.ShouldBe(1);
    }

    [Fact]
    public async Task A_host_joins_by_token_once_and_keeps_its_credential_private()
    {
        await using var world = await AgentWorld.StartAsync();
        await AgentWorld.UntilAsync(() => File.Exists(Path.Combine(world.Home, "agent.json")), () => "a joined host");
        await world.StopAgentAsync();
        File.Delete(world.TokenFile);
        await world.StartAgentAsync();

        await AgentWorld.UntilAsync(() => world.Plane.Hellos.Count == 2, () => "a second hello");

        world.Plane.Bearers.ShouldBe([FakeControlPlane.JoinToken, FakeControlPlane.Secret]);
        world.Plane.Hellos.Select(hello => hello.HostId).ShouldBe([null, world.Plane.HostId]);
        world.Plane.Hellos.Select(hello => hello.BootId).Distinct().Count().ShouldBe(2);
        world.Plane.Hellos.Last().Versions.ShouldBe([FakeNode.Version]);
        File.GetUnixFileMode(Path.Combine(world.Home, "credential")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task A_killed_process_is_restarted_and_counted_as_a_crash()
    {
        await using var world = await AgentWorld.StartAsync();
        var spec = world.Spec();
        await world.Plane.WishAsync(1, spec);
        var first = await world.UntilAsync(spec.Id, ObservedInstanceState.Ready);

        Process.GetProcessById(first.Pid!.Value).Kill();

        var second = await world.UntilAsync(
            spec.Id, status => status.State == ObservedInstanceState.Ready && status.Pid != first.Pid, "a new process");
        second.Crashes.ShouldBe(1);
        second.LastError.ShouldBeNull();
        world.Processes(spec.Id).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_crash_is_told_with_its_code_the_last_log_line_and_the_log_file()
    {
        await using var world = await AgentWorld.StartAsync();
        world.Node.Behave("crash");
        var spec = world.Spec();
        await world.Plane.WishAsync(1, spec);

        var status = await world.UntilAsync(spec.Id, now => now.Crashes >= 2, "two crashes");
        status.ErrorCode.ShouldBe(InstanceErrorCodes.Crashed);
        status.LastError.ShouldNotBeNull().ShouldContain("code 3");
        status.LastError.ShouldContain("the disk is on fire");
        status.LastError.ShouldContain($"instances/{spec.Id}/log/node.log on the host");
        status.LastError.ShouldNotContain(world.Home, customMessage: "tenants see this");

        world.Node.Behave(string.Empty);
        (await world.UntilAsync(spec.Id, ObservedInstanceState.Ready)).LastError.ShouldBeNull();
    }

    [Fact]
    public async Task Stopping_keeps_the_data_and_removing_deletes_it()
    {
        await using var world = await AgentWorld.StartAsync();
        var spec = world.Spec();
        await world.Plane.WishAsync(1, spec);
        var pid = (await world.UntilAsync(spec.Id, ObservedInstanceState.Ready)).Pid!.Value;

        await world.Plane.WishAsync(2, spec with { State = DesiredInstanceState.Stopped, Blueprint = 2 });
        var stopped = await world.UntilAsync(spec.Id, ObservedInstanceState.Stopped);
        stopped.Pid.ShouldBeNull();
        stopped.Blueprint.ShouldBe(2);
        Directory.Exists($"/proc/{pid}").ShouldBeFalse();
        File.Exists(Path.Combine(world.Folder(spec.Id), "data", "starts")).ShouldBeTrue();

        await world.Plane.WishAsync(3, spec with { State = DesiredInstanceState.Removed, Blueprint = 3 });
        await world.UntilAsync(spec.Id, ObservedInstanceState.Removed);
        Directory.Exists(world.Folder(spec.Id)).ShouldBeFalse();
        Directory.EnumerateFileSystemEntries(Path.Combine(world.Home, "trash")).ShouldBeEmpty();

        await world.Plane.WishAsync(4);
        await AgentWorld.UntilAsync(() => world.Plane.Observed is { Revision: 4, Instances: [] }, () => "an instance that is dropped");
    }

    [Fact]
    public async Task A_running_instance_is_removed_in_one_go_even_when_it_is_deaf_to_sigterm()
    {
        await using var world = await AgentWorld.WithoutAgentAsync();
        world.DrainMax = TimeSpan.FromMilliseconds(300);
        await world.StartAgentAsync();
        world.Node.Behave("deaf");
        var spec = world.Spec();
        await world.Plane.WishAsync(1, spec);
        await world.UntilAsync(spec.Id, ObservedInstanceState.Ready);

        await world.Plane.WishAsync(2, spec with { State = DesiredInstanceState.Removed, Blueprint = 2 });

        await world.UntilAsync(spec.Id, ObservedInstanceState.Removed);
        world.Processes(spec.Id).ShouldBeEmpty();
        Directory.Exists(world.Folder(spec.Id)).ShouldBeFalse();
    }

    [Fact]
    public async Task New_users_reach_the_configuration_without_a_restart_and_a_new_generation_restarts()
    {
        await using var world = await AgentWorld.StartAsync();
        var spec = world.Spec(InstanceRole.Sql);
        await world.Plane.WishAsync(1, spec);
        var first = await world.UntilAsync(spec.Id, ObservedInstanceState.Ready);

        var withUser = spec with
        {
            Blueprint = 2,
            Config = spec.Config with { SqlUsers = [new SqlUserSpec("ada", null, "$A$005$x", SqlGrants.All)], AllowList = ["10.0.0.0/8"] },
        };
        await world.Plane.WishAsync(2, withUser);
        var second = await world.UntilAsync(spec.Id, status => status.Blueprint == 2, "blueprint 2");
        second.Pid.ShouldBe(first.Pid);
        var written = JsonSerializer.Deserialize<NodeConfig>(
            await File.ReadAllTextAsync(Path.Combine(world.Folder(spec.Id), "node.json")), AgentProtocol.Json);
        written!.SqlUsers.Single().Name.ShouldBe("ada");
        written.DataDirectory.ShouldBe(Path.Combine(world.Folder(spec.Id), "data"));

        await world.Plane.WishAsync(3, withUser with { RestartGeneration = 1 });
        var third = await world.UntilAsync(
            spec.Id, status => status.RestartGeneration == 1 && status.State == ObservedInstanceState.Ready, "generation 1");
        third.Pid.ShouldNotBe(first.Pid);
        third.Crashes.ShouldBe(0);

        await world.Plane.WishAsync(4, withUser with { RestartGeneration = 1, Config = withUser.Config with { ClientPort = spec.Config.ClientPort - 1 } });
        await world.UntilAsync(spec.Id, status => status.State == ObservedInstanceState.Ready && status.Pid != third.Pid, "new ports");
    }

    [Fact]
    public async Task An_older_revision_changes_nothing_and_an_absent_instance_is_not_touched()
    {
        await using var world = await AgentWorld.StartAsync();
        var first = world.Spec();
        await world.Plane.WishAsync(5, first);
        await world.UntilAsync(first.Id, ObservedInstanceState.Ready);

        await world.Plane.WishAsync(4, first with { State = DesiredInstanceState.Removed });
        var second = world.Spec();
        await world.Plane.WishAsync(6, second);
        await world.UntilAsync(second.Id, ObservedInstanceState.Ready);

        world.Plane.Status(first.Id)!.State.ShouldBe(ObservedInstanceState.Ready);
        world.Processes(first.Id).Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_instance_that_stops_answering_is_told_unready_and_ready_again()
    {
        await using var world = await AgentWorld.StartAsync();
        var spec = world.Spec();
        await world.Plane.WishAsync(1, spec);
        var ready = await world.UntilAsync(spec.Id, ObservedInstanceState.Ready);

        world.Node.Behave("unready");
        var unready = await world.UntilAsync(spec.Id, ObservedInstanceState.Unready);
        unready.LastError.ShouldNotBeNull().ShouldContain("storage is not ready");
        unready.Pid.ShouldBe(ready.Pid);

        world.Node.Behave(string.Empty);
        (await world.UntilAsync(spec.Id, ObservedInstanceState.Ready)).LastError.ShouldBeNull();
    }

    [Theory]
    [InlineData("version", InstanceErrorCodes.VersionMissing)]
    [InlineData("memory", InstanceErrorCodes.InsufficientResources)]
    [InlineData("disk", InstanceErrorCodes.InsufficientResources)]
    [InlineData("port", InstanceErrorCodes.PortTaken)]
    [InlineData("conflict", InstanceErrorCodes.PortTaken)]
    public async Task What_cannot_run_here_is_refused_with_a_reason(string lack, string code)
    {
        await using var world = await AgentWorld.StartAsync();
        var spec = world.Spec();
        var huge = ByteSize.FromGiB(1 << 20).Bytes;
        using var blocker = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        blocker.Start();
        spec = lack switch
        {
            "version" => spec with { Version = "0.0.1" },
            "memory" => spec with { Limits = spec.Limits with { MemoryBytes = huge } },
            "disk" => spec with { Limits = spec.Limits with { VolumeBytes = huge } },
            "port" => spec with { Config = spec.Config with { ClientPort = ((System.Net.IPEndPoint)blocker.LocalEndpoint).Port } },
            _ => spec,
        };
        world.Node.Behave(lack == "conflict" ? "port-conflict" : string.Empty);
        await world.Plane.WishAsync(1, spec);

        var status = await world.UntilAsync(spec.Id, ObservedInstanceState.Refused);

        status.ErrorCode.ShouldBe(code);
        status.LastError.ShouldNotBeNullOrEmpty();
        status.Blueprint.ShouldBe(1);
        status.Pid.ShouldBeNull();
    }

    [Fact]
    public async Task Capacity_tells_ports_of_others_and_not_of_its_own_instances()
    {
        await using var world = await AgentWorld.StartAsync();
        await AgentWorld.UntilAsync(() => world.Plane.Observed is not null, () => "a report");
        var capacity = world.Plane.Observed!.Capacity;
        capacity.PortFirst.ShouldBe(20000);
        capacity.PortLast.ShouldBe(29999);
        capacity.MemoryFreeBytes.ShouldBeInRange(1, capacity.MemoryBytes);
        capacity.DiskFreeBytes.ShouldBeInRange(1, capacity.DiskBytes);
        capacity.CpuMillicores.ShouldBe(Environment.ProcessorCount * 1000);
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        ListeningPorts.Read().ShouldContain(((System.Net.IPEndPoint)listener.LocalEndpoint).Port);
    }

    [Fact]
    public async Task An_instance_is_bounded_by_its_runtime_and_where_the_host_allows_by_a_cgroup()
    {
        await using var world = await AgentWorld.StartAsync();
        var spec = world.Spec();
        await world.Plane.WishAsync(1, spec);
        var pid = (await world.UntilAsync(spec.Id, ObservedInstanceState.Ready)).Pid!.Value;

        var environment = (await File.ReadAllTextAsync($"/proc/{pid}/environ")).Split('\0');
        environment.ShouldContain($"DOTNET_GCHeapHardLimit=0x{spec.Limits.MemoryBytes / 2:x}");
        environment.ShouldContain("DOTNET_PROCESSOR_COUNT=1");
        var group = (await File.ReadAllLinesAsync($"/proc/{pid}/cgroup")).Select(line => line.Split(':')[^1]).FirstOrDefault(path => path.Contains(spec.Id.ToString(), StringComparison.Ordinal));
        if (group is null)
        {
            return; // This host lets nobody make cgroups here: the settings above are all there is.
        }

        string[] limits = [$"/sys/fs/cgroup/memory{group}/memory.limit_in_bytes", $"/sys/fs/cgroup{group}/memory.max"];
        (await File.ReadAllTextAsync(limits.First(File.Exists))).Trim().ShouldBe($"{spec.Limits.MemoryBytes}");
        await world.Plane.WishAsync(2, spec with { State = DesiredInstanceState.Removed });
        await world.UntilAsync(spec.Id, ObservedInstanceState.Removed);
        limits.ShouldAllBe(file => !File.Exists(file));
    }
}
