using Cloud.Rpc;
using Cloud.Rpc.Proto.Errorpb;
using Cloud.Rpc.Proto.Kvrpcpb;
using Google.Protobuf;
using BatchRequest = Cloud.Rpc.Proto.Tikvpb.BatchCommandsRequest.Types.Request;
using BatchResponse = Cloud.Rpc.Proto.Tikvpb.BatchCommandsResponse.Types.Response;

namespace Cloud.KvClient.Transport;

/// <summary>A request to a region: how it is called, and how it travels in the stream that carries many.</summary>
/// <param name="Method">The method when called alone.</param>
/// <param name="SetContext">Puts the context into a request.</param>
/// <param name="RegionError">The region error of a response, or null.</param>
/// <param name="Wrap">Makes a stream's request of it; null when it cannot travel so.</param>
/// <param name="Unwrap">Takes the response out of a stream's; null when it is of another kind.</param>
internal sealed record StoreCommand<TRequest, TResponse>(
    RpcMethod<TRequest, TResponse> Method,
    Action<TRequest, Context> SetContext,
    Func<TResponse, Error?> RegionError,
    Func<TRequest, BatchRequest>? Wrap,
    Func<BatchResponse, TResponse?>? Unwrap)
    where TRequest : class, IMessage<TRequest>, new()
    where TResponse : class, IMessage<TResponse>, new();
