using System.Net;
using System.Net.Http.Headers;
using Cloud.Rpc.Framing;

namespace Cloud.Rpc.Client;

/// <summary>Maps what can go wrong below gRPC to a status.</summary>
internal static class RpcFailure
{
    public static RpcException FromTransport(Exception broken, Uri server)
    {
        var notSent = broken is HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError
                or HttpRequestError.NameResolutionError
                or HttpRequestError.SecureConnectionError
                or HttpRequestError.VersionNegotiationError
        };
        var verdict = notSent ? "could not be reached" : "broke the connection";
        return new RpcException(RpcStatusCode.Unavailable, $"{server.Authority} {verdict}: {broken.Message}", broken)
        {
            NotSent = notSent,
        };
    }

    /// <summary>Source: gRPC, "HTTP to gRPC Status Code Mapping" (grpc/doc/http-grpc-status-mapping.md).</summary>
    public static RpcException FromHttpStatus(HttpStatusCode status)
    {
        var code = status switch
        {
            HttpStatusCode.BadRequest => RpcStatusCode.Internal,
            HttpStatusCode.Unauthorized => RpcStatusCode.Unauthenticated,
            HttpStatusCode.Forbidden => RpcStatusCode.PermissionDenied,
            HttpStatusCode.NotFound => RpcStatusCode.Unimplemented,
            HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable
                or HttpStatusCode.GatewayTimeout => RpcStatusCode.Unavailable,
            _ => RpcStatusCode.Unknown,
        };
        return new RpcException(code, $"the server answered with HTTP status {(int)status} instead of gRPC");
    }

    /// <summary>Throws unless the headers hold grpc-status Ok.</summary>
    /// <returns>False when they hold no status at all.</returns>
    public static bool ThrowUnlessOk(HttpHeaders headers)
    {
        if (!headers.NonValidated.TryGetValues(GrpcHeaders.Status, out var values) || values.Count == 0)
        {
            return false;
        }

        var code = GrpcHeaders.ParseStatus(values.ToString());
        if (code != RpcStatusCode.Ok)
        {
            var detail = headers.NonValidated.TryGetValues(GrpcHeaders.Message, out var message)
                ? GrpcHeaders.DecodeMessage(message.ToString())
                : "the server gave no reason";
            throw new RpcException(code, detail);
        }

        return true;
    }
}
