using Cloud.Rpc.Proto.Kvrpcpb;

namespace Cloud.KvClient.Requests;

/// <summary>What differs from the usual about one request.</summary>
/// <param name="Timeout">How long it may take; null for the client's limit.</param>
/// <param name="PassableLocks">Start timestamps of transactions whose locks a read may pass, because they will commit above it or not at all.</param>
/// <param name="ApiVersion">Which part of the key space the keys are of.</param>
internal readonly record struct SendOptions(
    TimeSpan? Timeout = null, IReadOnlyCollection<ulong>? PassableLocks = null, APIVersion ApiVersion = APIVersion.V1);
