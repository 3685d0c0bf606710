using System.Net;
using System.Net.Sockets;
using Cloud.Local.Processes;
using Cloud.MySql.Client;
using Cloud.TestKit;
using Shouldly;
using Xunit;

namespace Cloud.SystemTests.OneMachine;

/// <summary>Stops clouds, so each test has one of its own; in the collection only so that it does not run beside the others.</summary>
[Collection(CloudCollection.Name)]
public sealed class DownAndUpTests
{
    [Fact]
    public async Task Down_leaves_no_process_and_up_brings_the_data_back()
    {
        await using var cloud = await CloudUnderTest.StartAsync();
        using var session = await ApiSession.SignUpAsync(cloud.ApiUrl);
        var cluster = await session.CreateClusterAsync("kept");
        await using (var connection = await ConnectAsync(cluster))
        {
            await connection.QueryAsync("create database kept", CancellationToken.None);
            await connection.QueryAsync("create table kept.t (id int primary key)", CancellationToken.None);
            await connection.QueryAsync("insert into kept.t values (42)", CancellationToken.None);
        }

        await cloud.DownAsync();

        cloud.Processes().ShouldBeEmpty();
        await cloud.UpAsync();
        await using var again = await Eventually.NotNullAsync(async () =>
        {
            try
            {
                return await ConnectAsync(cluster);
            }
            catch (Exception exception) when (exception is SocketException or IOException or MySqlException)
            {
                return null;
            }
        });
        (await again.QueryAsync("select id from kept.t", CancellationToken.None)).Scalar.ShouldBe("42");
    }

    [Fact]
    public async Task What_a_killed_supervisor_leaves_running_is_ended_by_down()
    {
        await using var cloud = await CloudUnderTest.StartAsync();
        var status = await cloud.LocalAsync(["status"]);
        status.ExitCode.ShouldBe(0, status.Output);
        Signals.Send(cloud.FindSupervisor()!, Signals.Kill); // the cloud is up

        await cloud.DownAsync();

        cloud.Processes().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_busy_port_is_named_with_a_remedy_and_nothing_is_started()
    {
        await using var cloud = await CloudUnderTest.StartAsync();
        await cloud.DownAsync();
        using var squatter = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        squatter.Bind(new IPEndPoint(IPAddress.Loopback, cloud.ApiPort));
        squatter.Listen(1);

        var result = await cloud.LocalAsync(["up", "--detach", "--no-build"]);

        result.ExitCode.ShouldBe(1);
        result.Error.ShouldContain($"Port {cloud.ApiPort} is in use");
        result.Error.ShouldContain("CLOUD_API_PORT");
        cloud.Processes().ShouldBeEmpty();
    }

    private static Task<MySqlConnection> ConnectAsync(ClusterUnderTest cluster) => MySqlConnection.ConnectAsync(
        new MySqlConnectionOptions { Host = cluster.MySqlHost, Port = cluster.MySqlPort, User = "root", Password = cluster.RootPassword },
        CancellationToken.None);
}
