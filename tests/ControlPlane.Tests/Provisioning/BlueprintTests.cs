using System.Text.Json;
using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Provisioning.Domain;
using Cloud.Modules.Provisioning.Public;
using Shouldly;
using Xunit;

namespace Cloud.ControlPlane.Tests.Provisioning;

public sealed class BlueprintTests
{
    private static readonly HostId Host = HostId.From(Guid.CreateVersion7());

    [Fact]
    public void The_first_blueprint_tells_every_instance_all_it_needs()
    {
        var blueprint = First(Layout());

        blueprint.Number.ShouldBe(1);
        blueprint.Instances.Select(instance => instance.Role)
            .ShouldBe([InstanceRole.Pd, InstanceRole.Storage, InstanceRole.Sql]);
        var sql = blueprint.SpecOf(blueprint.Instances[2]);
        sql.Config.PdEndpoints.ShouldBe(["127.0.0.1:20000"]);
        sql.Config.PdClusterId.ShouldBe(77UL);
        sql.Config.SqlUsers.ShouldHaveSingleItem().Name.ShouldBe("root");
        sql.Config.AllowList.ShouldBe(["10.0.0.0/8"]);
        sql.State.ShouldBe(DesiredInstanceState.Running);
        sql.Blueprint.ShouldBe(1);

        var storage = blueprint.SpecOf(blueprint.Instances[1]);
        storage.Config.SqlUsers.ShouldBeEmpty();
        storage.Config.AllowList.ShouldBeEmpty();
        storage.Limits.VolumeBytes.ShouldBe(ByteSize.FromGiB(10).Bytes);
    }

    [Fact]
    public void The_same_layout_asks_for_no_new_blueprint()
    {
        var blueprint = First(Layout());
        BlueprintBuilder.Next(blueprint, Layout()).ShouldBeNull();
        BlueprintBuilder.Next(RoundTrip(blueprint), Layout()).ShouldBeNull();
    }

    [Fact]
    public void A_change_makes_the_next_number_and_keeps_identity_and_ports()
    {
        var blueprint = First(Layout());

        var next = BlueprintBuilder.Next(blueprint, Layout() with { State = DesiredInstanceState.Stopped })!;

        next.Number.ShouldBe(2);
        next.PdClusterId.ShouldBe(blueprint.PdClusterId);
        next.Instances.ShouldBe(blueprint.Instances);
        next.SpecOf(next.Instances[0]).State.ShouldBe(DesiredInstanceState.Stopped);
        BlueprintBuilder.Next(blueprint, Layout() with { AllowList = [] })!.Number.ShouldBe(2);
        BlueprintBuilder.Next(blueprint, Layout() with { Version = "0.2.0" })!.Number.ShouldBe(2);
    }

    [Fact]
    public void Moving_the_ports_of_pd_tells_all_others()
    {
        var blueprint = First(Layout());
        var pd = blueprint.Instances[0].Id;

        var moved = BlueprintBuilder.WithPorts(
            blueprint, new Dictionary<InstanceId, (int, int)> { [pd] = (30_000, 30_001) });

        moved.Number.ShouldBe(2);
        moved.SpecOf(moved.Instances[2]).Config.PdEndpoints.ShouldBe(["127.0.0.1:30000"]);
        moved.Instances[1].ClientPort.ShouldBe(blueprint.Instances[1].ClientPort);
    }

    [Fact]
    public void Stored_blueprints_read_back_the_same()
    {
        var blueprint = First(Layout());
        var read = RoundTrip(blueprint);
        JsonSerializer.Serialize(read, AgentProtocol.Json).ShouldBe(JsonSerializer.Serialize(blueprint, AgentProtocol.Json));
    }

    [Fact]
    public void Instances_of_a_role_are_spread_and_the_empty_host_comes_first()
    {
        var (full, empty) = (HostOf(1, 6), HostOf(2, 0));
        var layout = Layout() with { Groups = [Group(InstanceRole.Pd, 2), Group(InstanceRole.Sql, 1)] };

        var chosen = Placement.Choose(layout, [full, empty]).Value;

        chosen.Take(2).ShouldBe([empty.Id, full.Id]);
        chosen[2].ShouldBe(empty.Id);
    }

    [Fact]
    public void Silent_draining_foreign_and_outdated_hosts_are_not_used()
    {
        var host = HostOf(1, 0);
        Refused(host with { Connected = false });
        Refused(host with { Draining = true });
        Refused(host with { Location = "elsewhere" });
        Refused(host with { Versions = ["0.0.9"] });
        Placement.Choose(Layout(), [host]).Value.ShouldAllBe(id => id == host.Id);

        static void Refused(PlacementHost host) =>
            Placement.Choose(Layout(), [host]).Failure!.Code.ShouldBe(ProvisioningErrorCodes.NoHost);
    }

    private static Blueprint RoundTrip(Blueprint blueprint) =>
        JsonSerializer.Deserialize<Blueprint>(
            JsonSerializer.Serialize(blueprint, AgentProtocol.Json), AgentProtocol.Json)!;

    private static Blueprint First(Layout layout)
    {
        var port = 20_000;
        var places = layout.Groups
            .SelectMany(group => Enumerable.Range(0, group.Count))
            .Select(_ => new Place(Host, "127.0.0.1", "127.0.0.1", port++, port++))
            .ToList();
        return BlueprintBuilder.First(layout, 77, places, () => InstanceId.From(Guid.CreateVersion7()));
    }

    private static Layout Layout() => new()
    {
        ClusterId = ClusterId.From(Guid.Parse("01900000-0000-7000-8000-000000000001")),
        OrganizationId = OrganizationId.From(Guid.Parse("01900000-0000-7000-8000-000000000002")),
        Location = "local",
        Version = "0.1.0",
        State = DesiredInstanceState.Running,
        Groups = [Group(InstanceRole.Pd, 1), Group(InstanceRole.Storage, 1, 10), Group(InstanceRole.Sql, 1)],
        AllowList = ["10.0.0.0/8"],
        SqlUsers = [new SqlUserSpec("root", null, "$A$005$x", SqlGrants.All)],
    };

    private static LayoutGroup Group(InstanceRole role, int count, int volumeGiB = 0) => new(
        role, count, "small", volumeGiB,
        new ResourceLimits(1000, ByteSize.FromGiB(1).Bytes, ByteSize.FromGiB(volumeGiB).Bytes));

    private static PlacementHost HostOf(byte number, int reservedGiB) => new(
        HostId.From(new Guid(number, 0, 0, new byte[8])),
        "local",
        Connected: true,
        Draining: false,
        new HostCapacity
        {
            CpuMillicores = 4000,
            MemoryBytes = ByteSize.FromGiB(8).Bytes,
            MemoryFreeBytes = ByteSize.FromGiB(4).Bytes,
            DiskBytes = 1,
            DiskFreeBytes = 1,
            PortFirst = 20_000,
            PortLast = 30_000,
            PortsTaken = [],
        },
        ["0.1.0"],
        ByteSize.FromGiB(reservedGiB).Bytes);
}
