using Cloud.Rpc;
using Cloud.Rpc.Client;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Rpc.Proto.Pdpb;
using Cloud.TestKit;
using Google.Protobuf;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Rpc;

public sealed class RpcCallTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_unary_call_returns_what_the_handler_returns(bool overSocket)
    {
        await using var echo = await EchoService.StartAsync();
        await using var channel = echo.Open(overSocket);
        foreach (var size in (int[])[0, 1, 5000, 3_000_000])
        {
            var key = ByteString.CopyFrom(new byte[size]);
            var answer = await channel.CallAsync(TikvMethods.RawGet, new RawGetRequest { Key = key }, Patience, CancellationToken.None);
            answer.Value.ShouldBe(key);
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task An_unknown_method_is_unimplemented(bool overSocket)
    {
        await using var echo = await EchoService.StartAsync();
        await using var channel = echo.Open(overSocket);
        var failure = await Should.ThrowAsync<RpcException>(
            async () => await channel.CallAsync(TikvMethods.RawPut, new RawPutRequest(), Patience, CancellationToken.None));
        failure.Code.ShouldBe(RpcStatusCode.Unimplemented);
        failure.Detail.ShouldContain("/tikvpb.Tikv/RawPut");
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_refusal_arrives_with_its_code_and_text(bool overSocket)
    {
        await using var echo = await EchoService.StartAsync();
        await using var channel = echo.Open(overSocket);
        foreach (var text in (string[])["plain", "Größe 100 % — ✓\nsecond line", "%41"])
        {
            var failure = await Should.ThrowAsync<RpcException>(async () => await channel.CallAsync(
                TikvMethods.RawGet, new RawGetRequest { Cf = "refuse", Key = ByteString.CopyFromUtf8(text) }, Patience, CancellationToken.None));
            failure.Code.ShouldBe(RpcStatusCode.NotFound);
            failure.Detail.ShouldBe(text);
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_defect_of_a_handler_is_internal_and_the_server_goes_on(bool overSocket)
    {
        await using var echo = await EchoService.StartAsync();
        await using var channel = echo.Open(overSocket);
        var failure = await Should.ThrowAsync<RpcException>(
            async () => await channel.CallAsync(TikvMethods.RawGet, new RawGetRequest { Cf = "defect" }, Patience, CancellationToken.None));
        failure.Code.ShouldBe(RpcStatusCode.Internal);
        await channel.CallAsync(TikvMethods.RawGet, new RawGetRequest(), Patience, CancellationToken.None);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_deadline_ends_the_call_on_both_sides(bool overSocket)
    {
        var cancelled = new TaskCompletionSource();
        await using var echo = await EchoService.StartAsync(cancelled);
        await using var channel = echo.Open(overSocket);
        var failure = await Should.ThrowAsync<RpcException>(async () => await channel.CallAsync(
            TikvMethods.RawGet, new RawGetRequest { Cf = "hang" }, TimeSpan.FromMilliseconds(50), CancellationToken.None));
        failure.Code.ShouldBe(RpcStatusCode.DeadlineExceeded);
        await cancelled.Task.WaitAsync(Patience);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Giving_up_is_a_cancellation_and_the_handler_learns_of_it(bool overSocket)
    {
        var cancelled = new TaskCompletionSource();
        await using var echo = await EchoService.StartAsync(cancelled);
        await using var channel = echo.Open(overSocket);
        using var giveUp = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Should.ThrowAsync<OperationCanceledException>(
            async () => await channel.CallAsync(TikvMethods.RawGet, new RawGetRequest { Cf = "hang" }, Patience, giveUp.Token));
        await cancelled.Task.WaitAsync(Patience);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_duplex_call_answers_in_order_and_ends_when_the_client_completes(bool overSocket)
    {
        await using var echo = await EchoService.StartAsync();
        await using var channel = echo.Open(overSocket);
        await using var call = channel.OpenDuplex(PdMethods.Tso, CancellationToken.None);
        for (var count = 1u; count <= 200; count++)
        {
            await call.WriteAsync(new TsoRequest { Count = count }, CancellationToken.None);
        }

        for (var count = 1u; count <= 200; count++)
        {
            (await call.ReadAsync(CancellationToken.None)).ShouldNotBeNull().Count.ShouldBe(count);
        }

        await call.CompleteAsync(CancellationToken.None);
        (await call.ReadAsync(CancellationToken.None)).ShouldBeNull();
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_stream_that_fails_in_the_middle_gives_its_messages_and_then_its_status(bool overSocket)
    {
        await using var echo = await EchoService.StartAsync();
        await using var channel = echo.Open(overSocket);
        await using var call = channel.OpenDuplex(PdMethods.Tso, CancellationToken.None);
        await call.WriteAsync(new TsoRequest { Count = 7 }, CancellationToken.None);
        await call.WriteAsync(new TsoRequest { Count = 0 }, CancellationToken.None);
        (await call.ReadAsync(CancellationToken.None)).ShouldNotBeNull().Count.ShouldBe(7u);
        var failure = await Should.ThrowAsync<RpcException>(async () => await call.ReadAsync(CancellationToken.None));
        failure.Code.ShouldBe(RpcStatusCode.OutOfRange);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_server_stream_ends_after_its_last_message(bool overSocket)
    {
        await using var echo = await EchoService.StartAsync();
        await using var channel = echo.Open(overSocket);
        await using var call = channel.OpenDuplex(PdMethods.GetMembers, CancellationToken.None);
        await call.WriteAsync(new GetMembersRequest(), CancellationToken.None);
        for (var i = 0; i < 3; i++)
        {
            (await call.ReadAsync(CancellationToken.None)).ShouldNotBeNull();
        }

        (await call.ReadAsync(CancellationToken.None)).ShouldBeNull();
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_unavailable_and_saw_nothing()
    {
        await using var channel = new HttpRpcChannel($"127.0.0.1:{FreePort.Next()}", new RpcChannelOptions(), TimeProvider.System);
        var unary = await Should.ThrowAsync<RpcException>(
            async () => await channel.CallAsync(TikvMethods.RawGet, new RawGetRequest(), Patience, CancellationToken.None));
        unary.Code.ShouldBe(RpcStatusCode.Unavailable);
        unary.NotSent.ShouldBeTrue();

        await using var call = channel.OpenDuplex(PdMethods.Tso, CancellationToken.None);
        var write = await Should.ThrowAsync<RpcException>(
            async () => await call.WriteAsync(new TsoRequest { Count = 1 }, CancellationToken.None));
        write.Code.ShouldBe(RpcStatusCode.Unavailable);
        (await Should.ThrowAsync<RpcException>(async () => await call.ReadAsync(CancellationToken.None))).Code.ShouldBe(RpcStatusCode.Unavailable);
    }

    [Fact]
    public async Task A_message_over_the_limit_is_refused_on_either_side()
    {
        await using var echo = await EchoService.StartAsync(messageBytesMax: 1000);
        await using var strict = new HttpRpcChannel(
            $"127.0.0.1:{echo.Port}", new RpcChannelOptions { MessageBytesMax = 1000 }, TimeProvider.System);
        await using var lax = echo.Open(overSocket: true);
        var large = new RawGetRequest { Key = ByteString.CopyFrom(new byte[2000]) };
        foreach (var channel in (IRpcChannel[])[strict, lax])
        {
            var failure = await Should.ThrowAsync<RpcException>(
                async () => await channel.CallAsync(TikvMethods.RawGet, large, Patience, CancellationToken.None));
            failure.Code.ShouldBe(RpcStatusCode.ResourceExhausted);
        }
    }

    [Fact]
    public async Task Stopping_ends_open_streams_in_an_orderly_way()
    {
        await using var echo = await EchoService.StartAsync();
        await using var channel = echo.Open(overSocket: true);
        await using var call = channel.OpenDuplex(PdMethods.Tso, CancellationToken.None);
        await call.WriteAsync(new TsoRequest { Count = 1 }, CancellationToken.None);
        (await call.ReadAsync(CancellationToken.None)).ShouldNotBeNull();
        var stopping = echo.Server.StopAsync(CancellationToken.None);
        (await call.ReadAsync(CancellationToken.None)).ShouldBeNull();
        await stopping.WaitAsync(Patience);
    }

    [Fact]
    public async Task Calls_go_on_after_the_server_has_restarted()
    {
        var echo = await EchoService.StartAsync();
        await using var channel = echo.Open(overSocket: true);
        await channel.CallAsync(TikvMethods.RawGet, new RawGetRequest(), Patience, CancellationToken.None);
        var port = echo.Port;
        await echo.DisposeAsync();
        await Should.ThrowAsync<RpcException>(
            async () => await channel.CallAsync(TikvMethods.RawGet, new RawGetRequest(), Patience, CancellationToken.None));

        await using var again = await Cloud.Rpc.Server.RpcServer.StartAsync(
            EchoService.Services(),
            new Cloud.Rpc.Server.RpcServerOptions { Listen = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, port) },
            TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance,
            CancellationToken.None);
        await channel.CallAsync(TikvMethods.RawGet, new RawGetRequest(), Patience, CancellationToken.None);
    }
}
