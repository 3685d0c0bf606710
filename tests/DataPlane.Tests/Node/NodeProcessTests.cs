using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Cloud.Contracts;
using Cloud.Rpc;
using Cloud.Rpc.Client;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Etcdserverpb;
using Cloud.TestKit;
using Google.Protobuf;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Node;

public sealed class NodeProcessTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Placement_driver_and_storage_become_ready_in_any_order_and_drain_on_SIGTERM()
    {
        var pdPort = FreePort.Next();
        await using var storage = new NodeUnderTest(InstanceRole.Storage, pdPort, _folder);
        await using var pd = new NodeUnderTest(InstanceRole.Pd, pdPort, _folder);
        storage.Start();
        await storage.WaitAsync(async () => await storage.GetAsync("/readyz") is { Code: 503 } answer && answer.Body.Contains("PD"));
        (await storage.GetAsync("/healthz"))!.Value.Code.ShouldBe(200);

        pd.Start();
        await pd.WaitUntilReadyAsync();
        await storage.WaitUntilReadyAsync();
        var usage = JsonSerializer.Deserialize<NodeUsage>((await storage.GetAsync("/usage"))!.Value.Body, AgentProtocol.Json)!;
        usage.Incarnation.ShouldNotBeEmpty();
        usage.Counters.StoredBytes.ShouldBeGreaterThan(0);
        (await storage.GetAsync("/metrics"))!.Value.Body.ShouldContain("storage_written_bytes_total ");
        (await pd.GetAsync("/metrics"))!.Value.Body.ShouldContain("process_resident_memory_bytes ");
        (await pd.GetAsync("/nothing"))!.Value.Code.ShouldBe(404);

        (await storage.TerminateAsync()).ShouldBe(0);
        (await pd.TerminateAsync()).ShouldBe(0);
        storage.Output.ShouldContain("Draining");
        foreach (var line in storage.Output.Split('\n'))
        {
            JsonDocument.Parse(line).RootElement.GetProperty("level").GetString().ShouldNotBeNull();
        }
    }

    [Fact]
    public async Task A_killed_node_starts_again_on_its_data()
    {
        await using var pd = new NodeUnderTest(InstanceRole.Pd, FreePort.Next(), _folder);
        pd.Start();
        await pd.WaitUntilReadyAsync();
        await pd.KillAsync();
        pd.Start();
        await pd.WaitUntilReadyAsync();
        (await pd.TerminateAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task A_placement_driver_whose_disk_fails_ends_with_a_failure()
    {
        await using var pd = new NodeUnderTest(InstanceRole.Pd, FreePort.Next(), _folder);
        pd.Start();
        await pd.WaitUntilReadyAsync();
        Directory.Delete(pd.Config.DataDirectory!, recursive: true); // A placement driver has one.
        await using var channel = new HttpRpcChannel($"127.0.0.1:{pd.Config.ClientPort}", new RpcChannelOptions(), TimeProvider.System);
        var request = new PutRequest { Key = ByteString.CopyFromUtf8("k"), Value = ByteString.CopyFrom(new byte[512 * 1024]) };
        await Should.ThrowAsync<RpcException>(async () =>
        {
            for (var i = 0; i < 100; i++)
            {
                // The log grows until it is to be replaced, in the folder that is gone.
                await channel.CallAsync(EtcdMethods.Put, request, TimeSpan.FromSeconds(20), CancellationToken.None);
            }
        });
        (await pd.ExitAsync()).ShouldBe(1);
        pd.Output.ShouldContain("DirectoryNotFound");
    }

    [Fact]
    public async Task Two_processes_never_share_a_data_directory()
    {
        await using var first = new NodeUnderTest(InstanceRole.Pd, FreePort.Next(), _folder);
        await using var second = new NodeUnderTest(InstanceRole.Pd, FreePort.Next(), _folder);
        second.Config = second.Config with { DataDirectory = first.Config.DataDirectory };
        first.Start();
        await first.WaitUntilReadyAsync();
        second.Start();
        (await second.ExitAsync()).ShouldBe(75);
        second.Output.ShouldContain("in use by another process");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_taken_port_has_an_exit_code_of_its_own(bool status)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using var pd = new NodeUnderTest(InstanceRole.Pd, FreePort.Next(), _folder);
        pd.Config = status ? pd.Config with { StatusPort = port } : pd.Config with { ClientPort = port };
        pd.Start();
        (await pd.ExitAsync()).ShouldBe(NodeExitCodes.PortTaken);
        pd.Output.ShouldContain("taken by another program");
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("null")]
    public async Task A_broken_configuration_is_refused_with_its_own_exit_code(string text)
    {
        await using var pd = new NodeUnderTest(InstanceRole.Pd, FreePort.Next(), _folder);
        await File.WriteAllTextAsync(pd.ConfigFile, text);
        pd.Start("pd", "--instance", pd.Config.InstanceId.ToString(), "--config", pd.ConfigFile);
        (await pd.ExitAsync()).ShouldBe(NodeExitCodes.ConfigurationInvalid);
        pd.Output.ShouldContain("cannot be used");
    }

    [Fact]
    public async Task A_configuration_of_another_instance_is_refused()
    {
        await using var pd = new NodeUnderTest(InstanceRole.Pd, FreePort.Next(), _folder);
        await using var other = new NodeUnderTest(InstanceRole.Pd, FreePort.Next(), _folder);
        pd.WriteConfig();
        pd.Start("pd", "--instance", other.Config.InstanceId.ToString(), "--config", pd.ConfigFile);
        (await pd.ExitAsync()).ShouldBe(NodeExitCodes.ConfigurationInvalid);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(64, "conductor")]
    [InlineData(64, "pd", "--instance", "ins_short", "--config", "x")]
    [InlineData(64, "pd", "--config", "x")]
    [InlineData(64, "all", "--data", "/tmp/x", "--mysql-port", "70000")]
    [InlineData(64, "all", "--data", "/tmp/x", "--colour", "red")]
    [InlineData(0, "--help")]
    [InlineData(0, "--version")]
    public async Task Wrong_usage_is_told_apart_from_failures(int code, params string[] arguments)
    {
        await using var node = new NodeUnderTest(InstanceRole.Pd, FreePort.Next(), _folder);
        node.Start(arguments);
        (await node.ExitAsync()).ShouldBe(code);
    }
}
