using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Cloud.Kernel;
using Cloud.Rpc;
using Cloud.Rpc.Framing;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Kvrpcpb;
using Google.Protobuf;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Cloud.DataPlane.Tests.Rpc;

/// <summary>What the server makes of bytes that no well-behaved client sends.</summary>
public sealed class RpcWireTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("1n", 0L)]
    [InlineData("250n", 2L)]
    [InlineData("7u", 70L)]
    [InlineData("99999999m", 99_999_999L * TimeSpan.TicksPerMillisecond)]
    [InlineData("3S", 3 * TimeSpan.TicksPerSecond)]
    [InlineData("2M", 2 * TimeSpan.TicksPerMinute)]
    [InlineData("1H", TimeSpan.TicksPerHour)]
    public void A_timeout_is_read_in_every_unit(string text, long ticks)
    {
        GrpcHeaders.TryParseTimeout(text, out var timeout).ShouldBeTrue();
        timeout.Ticks.ShouldBe(ticks);
    }

    [Theory, InlineData(""), InlineData("5"), InlineData("m"), InlineData("-5m"), InlineData("123456789m"), InlineData("5x"), InlineData("5.0S")]
    public void A_malformed_timeout_is_refused(string text) => GrpcHeaders.TryParseTimeout(text, out _).ShouldBeFalse();

    [Fact]
    public void A_timeout_written_is_never_shorter_than_the_one_asked_for()
    {
        var random = new SeededRandom(1);
        for (var i = 0; i < 1000; i++)
        {
            var asked = TimeSpan.FromTicks(random.Next(1, int.MaxValue) * (long)random.Next(1, 1000));
            GrpcHeaders.TryParseTimeout(GrpcHeaders.FormatTimeout(asked), out var read).ShouldBeTrue();
            if (asked < TimeSpan.FromHours(20))
            {
                read.ShouldBeGreaterThanOrEqualTo(asked);
            }
        }
    }

    [Fact]
    public async Task A_compressed_message_is_unimplemented() =>
        (await PostAsync([1, 0, 0, 0, 0])).Status.ShouldBe(RpcStatusCode.Unimplemented);

    [Fact]
    public async Task A_message_that_is_cut_off_is_internal() =>
        (await PostAsync([0, 0, 0, 0, 9, 1, 2])).Status.ShouldBe(RpcStatusCode.Internal);

    [Fact]
    public async Task A_message_that_claims_to_be_huge_is_refused_before_it_is_read() =>
        (await PostAsync([0, 0xFF, 0xFF, 0xFF, 0xFF])).Status.ShouldBe(RpcStatusCode.ResourceExhausted);

    [Fact]
    public async Task Bytes_that_are_no_protobuf_are_internal() =>
        (await PostAsync([0, 0, 0, 0, 2, 0xFF, 0xFF])).Status.ShouldBe(RpcStatusCode.Internal);

    [Fact]
    public async Task An_empty_request_is_internal() => (await PostAsync([])).Status.ShouldBe(RpcStatusCode.Internal);

    [Fact]
    public async Task A_malformed_deadline_is_internal() =>
        (await PostAsync([0, 0, 0, 0, 0], ("grpc-timeout", "soon"))).Status.ShouldBe(RpcStatusCode.Internal);

    [Fact]
    public async Task Another_content_type_is_http_415() =>
        (await PostAsync([0, 0, 0, 0, 0], contentType: "application/json")).Http.ShouldBe(HttpStatusCode.UnsupportedMediaType);

    [Fact]
    public async Task Garbage_and_half_closed_streams_leave_the_server_serving()
    {
        const ulong seed = 20;
        output.WriteLine($"seed {seed}");
        var random = new SeededRandom(seed);
        await using var echo = await EchoService.StartAsync();
        using var client = Client();
        for (var i = 0; i < 300; i++)
        {
            var body = new byte[random.Next(64)];
            random.NextBytes(body);
            if (body.Length > 5 && random.Chance(0.5))
            {
                GrpcFrame.WritePrefix(body, random.Chance(0.7) ? body.Length - 5 : random.Next(1000));
            }

            await PostAsync(client, echo.Port, body, random.Chance(0.2) ? "/no.Such/Method" : TikvMethods.RawGet.Path);
        }

        for (var i = 0; i < 50; i++)
        {
            await SendRawAsync(echo.Port, random);
        }

        await using var channel = echo.Open(overSocket: true);
        var key = ByteString.CopyFromUtf8("still here");
        (await channel.CallAsync(TikvMethods.RawGet, new RawGetRequest { Key = key }, Patience, CancellationToken.None)).Value.ShouldBe(key);
    }

    /// <summary>Opens a bare connection, says something that may begin like HTTP/2, and leaves in the middle.</summary>
    private static async Task SendRawAsync(int port, SeededRandom random)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        if (random.Chance(0.6))
        {
            await socket.SendAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
            await socket.SendAsync(new byte[] { 0, 0, 0, 4, 0, 0, 0, 0, 0 });
        }

        var noise = new byte[random.Next(1, 200)];
        random.NextBytes(noise);
        try
        {
            await socket.SendAsync(noise);
            if (random.Chance(0.5))
            {
                socket.Shutdown(SocketShutdown.Send);
                await socket.ReceiveAsync(new byte[64]).WaitAsync(Patience);
            }
        }
        catch (SocketException)
        {
            // The server hung up first, which is its right.
        }
    }

    private static HttpClient Client() => new(new SocketsHttpHandler()) { Timeout = Patience };

    private static async Task<(HttpStatusCode Http, RpcStatusCode? Status)> PostAsync(
        byte[] body, (string Name, string Value)? header = null, string contentType = "application/grpc")
    {
        await using var echo = await EchoService.StartAsync(messageBytesMax: 1000);
        using var client = Client();
        return await PostAsync(client, echo.Port, body, TikvMethods.RawGet.Path, header, contentType);
    }

    private static async Task<(HttpStatusCode Http, RpcStatusCode? Status)> PostAsync(
        HttpClient client,
        int port,
        byte[] body,
        string path,
        (string Name, string Value)? header = null,
        string contentType = "application/grpc")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{port}{path}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        if (header is { } extra)
        {
            request.Headers.TryAddWithoutValidation(extra.Name, extra.Value);
        }

        using var response = await client.SendAsync(request);
        var status = Read(response.Headers) ?? Read(response.TrailingHeaders);
        return (response.StatusCode, status);
    }

    private static RpcStatusCode? Read(HttpResponseHeaders headers) =>
        headers.TryGetValues("grpc-status", out var values) ? GrpcHeaders.ParseStatus(values.Single()) : null;
}
