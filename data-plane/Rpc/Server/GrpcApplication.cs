using System.Net;
using Cloud.Rpc.Framing;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace Cloud.Rpc.Server;

/// <summary>
/// Serves each HTTP/2 request as a gRPC call, directly on Kestrel's features.
/// Source: gRPC over HTTP/2 (grpc/doc/PROTOCOL-HTTP2.md). Invariants: every request that claims to be gRPC is answered with HTTP 200 and
/// exactly one grpc-status, in the headers when no message was sent (trailers-only) and in the trailers otherwise.
/// </summary>
internal sealed partial class GrpcApplication(RpcServices services, RpcServerOptions options, TimeProvider time, ILogger logger)
    : IHttpApplication<IFeatureCollection>, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private long _calls;
    private long _failures;

    public RpcServerCounters Counters => new(Interlocked.Read(ref _calls), Interlocked.Read(ref _failures));

    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
        // The features belong to Kestrel, which reuses them.
    }

    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        var request = context.GetRequiredFeature<IHttpRequestFeature>();
        var response = context.GetRequiredFeature<IHttpResponseFeature>();
        if (!GrpcHeaders.IsGrpc(request.Headers.ContentType) || !HttpMethods.IsPost(request.Method))
        {
            response.StatusCode = HttpMethods.IsPost(request.Method)
                ? StatusCodes.Status415UnsupportedMediaType
                : StatusCodes.Status405MethodNotAllowed;
            return;
        }

        Interlocked.Increment(ref _calls);
        response.StatusCode = StatusCodes.Status200OK;
        response.Headers.ContentType = GrpcHeaders.ContentType;
        var failure = await ServeAsync(context, request);
        if (failure is not null)
        {
            Interlocked.Increment(ref _failures);
        }

        SetStatus(context, response, failure);
    }

    /// <summary>Ends the request streams, which would otherwise keep a stopping server waiting.</summary>
    public void Stop() => _stopping.Cancel();

    public void Dispose() => _stopping.Dispose();

    private static void SetStatus(IFeatureCollection context, IHttpResponseFeature response, RpcException? failure)
    {
        var status = GrpcHeaders.FormatStatus(failure?.Code ?? RpcStatusCode.Ok);
        var trailers = response.HasStarted
            ? context.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers
            : response.Headers;
        if (failure is not null)
        {
            trailers[GrpcHeaders.Message] = GrpcHeaders.EncodeMessage(failure.Detail);
        }

        if (!trailers.IsReadOnly)
        {
            trailers[GrpcHeaders.Status] = status;
        }
    }

    /// <summary>Runs the call; null when it ended well.</summary>
    private async ValueTask<RpcException?> ServeAsync(IFeatureCollection context, IHttpRequestFeature request)
    {
        var aborted = context.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted;
        CancellationTokenSource? deadline = null;
        CancellationTokenSource? linked = null;
        var connection = context.Get<IHttpConnectionFeature>();
        try
        {
            if (!services.TryGet(request.Path, out var endpoint))
            {
                return RpcServices.Unimplemented(request.Path);
            }

            deadline = StartDeadline(request.Headers[GrpcHeaders.Timeout]);
            linked = deadline is null ? null : CancellationTokenSource.CreateLinkedTokenSource(aborted, deadline.Token);
            await endpoint.ServeAsync(
                context.GetRequiredFeature<IRequestBodyPipeFeature>().Reader,
                context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer,
                options,
                new RpcCallContext(request.Path, connection, linked?.Token ?? aborted, _stopping.Token));
            return null;
        }
        catch (RpcException refused)
        {
            return refused;
        }
        catch (Exception) when (deadline?.IsCancellationRequested == true)
        {
            return new RpcException(RpcStatusCode.DeadlineExceeded, "the call's deadline passed");
        }
        catch (Exception) when (aborted.IsCancellationRequested)
        {
            return new RpcException(RpcStatusCode.Cancelled, "the caller gave up or its connection broke");
        }
        catch (Exception defect)
        {
            LogDefect(defect, request.Path, connection?.RemoteIpAddress, connection?.RemotePort);
            return new RpcException(RpcStatusCode.Internal, "the server failed; its log has the details", defect);
        }
        finally
        {
            linked?.Dispose();
            deadline?.Dispose();
        }
    }

    private CancellationTokenSource? StartDeadline(StringValues header)
    {
        if (header.Count == 0)
        {
            return null;
        }

        return header.Count == 1 && GrpcHeaders.TryParseTimeout(header[0] ?? string.Empty, out var timeout)
            ? new CancellationTokenSource(timeout, time)
            : throw new RpcException(RpcStatusCode.Internal, $"grpc-timeout is malformed: {header}");
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Path} called by {Address} port {Port} failed unexpectedly")]
    private partial void LogDefect(Exception defect, string path, IPAddress? address, int? port);
}
