using Cloud.KvClient.Transport;
using Cloud.Rpc;
using Cloud.Rpc.Client;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Tikvpb;
using Cloud.Rpc.Server;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;
using Request = Cloud.Rpc.Proto.Tikvpb.BatchCommandsRequest.Types.Request;
using Response = Cloud.Rpc.Proto.Tikvpb.BatchCommandsResponse.Types.Response;

namespace Cloud.DataPlane.Tests.KvClient;

public sealed class BatchStreamTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Answers_in_any_order_find_their_requests_and_many_travel_together()
    {
        var messages = 0;
        await using var server = await StartAsync(async (requests, responses, context) =>
        {
            while (await requests.ReadAsync(context.CancellationToken) is { } batch)
            {
                messages++;
                var answer = new BatchCommandsResponse();
                for (var i = batch.Requests.Count - 1; i >= 0; i--)
                {
                    answer.RequestIds.Add(batch.RequestIds[i]);
                    answer.Responses.Add(new Response { Empty = new BatchCommandsEmptyResponse { TestId = batch.Requests[i].Empty.TestId } });
                }

                await responses.WriteAsync(answer, context.CancellationToken);
            }
        });
        await using var channel = Open(server.Port);
        await using var stream = new BatchStream(channel, TimeProvider.System);
        var answers = await Task.WhenAll(Enumerable.Range(1, 2000).Select(id => SendAsync(stream, (ulong)id, Patience)));
        answers.ShouldBe(Enumerable.Range(1, 2000).Select(id => (ulong)id));
        messages.ShouldBeLessThan(1000);
    }

    [Fact]
    public async Task A_request_that_is_not_answered_in_time_fails_alone()
    {
        await using var server = await StartAsync(async (requests, responses, context) =>
        {
            while (await requests.ReadAsync(context.CancellationToken) is { } batch)
            {
                var answer = new BatchCommandsResponse();
                for (var i = 0; i < batch.Requests.Count; i++)
                {
                    if (batch.Requests[i].Empty.TestId != 13)
                    {
                        answer.RequestIds.Add(batch.RequestIds[i]);
                        answer.Responses.Add(new Response { Empty = new BatchCommandsEmptyResponse { TestId = batch.Requests[i].Empty.TestId } });
                    }
                }

                await responses.WriteAsync(answer, context.CancellationToken);
            }
        });
        await using var channel = Open(server.Port);
        await using var stream = new BatchStream(channel, TimeProvider.System);
        var late = SendAsync(stream, 13, TimeSpan.FromMilliseconds(10));
        (await SendAsync(stream, 1, Patience)).ShouldBe(1UL);
        var failure = await Should.ThrowAsync<RpcException>(() => late);
        failure.Code.ShouldBe(RpcStatusCode.DeadlineExceeded);
        failure.NotSent.ShouldBeFalse("it was sent, and may have been done");
        (await SendAsync(stream, 2, Patience)).ShouldBe(2UL);
    }

    [Fact]
    public async Task Requests_on_a_stream_that_breaks_fail_and_the_next_open_another()
    {
        var streams = 0;
        await using var server = await StartAsync(async (requests, responses, context) =>
        {
            var first = Interlocked.Increment(ref streams) == 1;
            while (await requests.ReadAsync(context.CancellationToken) is { } batch)
            {
                if (first)
                {
                    throw new RpcException(RpcStatusCode.Aborted, "broken by the test");
                }

                await responses.WriteAsync(
                    new BatchCommandsResponse
                    {
                        RequestIds = { batch.RequestIds },
                        Responses = { batch.Requests.Select(request => new Response { Empty = new BatchCommandsEmptyResponse { TestId = request.Empty.TestId } }) },
                    },
                    context.CancellationToken);
            }
        });
        await using var channel = Open(server.Port);
        await using var stream = new BatchStream(channel, TimeProvider.System);
        (await Should.ThrowAsync<RpcException>(() => SendAsync(stream, 1, Patience))).Code.ShouldBe(RpcStatusCode.Aborted);
        (await SendAsync(stream, 2, Patience)).ShouldBe(2UL);
        streams.ShouldBe(2);
    }

    private static Task<RpcServer> StartAsync(DuplexHandler<BatchCommandsRequest, BatchCommandsResponse> handler) => RpcServer.StartAsync(
        new RpcServices().Duplex(TikvMethods.BatchCommands, handler),
        new RpcServerOptions { Listen = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0) },
        TimeProvider.System,
        NullLoggerFactory.Instance,
        CancellationToken.None);

    private static HttpRpcChannel Open(int port) => new($"127.0.0.1:{port}", new RpcChannelOptions(), TimeProvider.System);

    private static async Task<ulong> SendAsync(BatchStream stream, ulong id, TimeSpan timeout)
    {
        var request = new Request { Empty = new BatchCommandsEmptyRequest { TestId = id } };
        return (await stream.SendAsync(request, timeout, CancellationToken.None)).Empty.TestId;
    }
}
