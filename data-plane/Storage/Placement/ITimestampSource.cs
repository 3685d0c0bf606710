namespace Cloud.Storage.Placement;

/// <summary>Timestamps of PD. Thread-safe.</summary>
internal interface ITimestampSource
{
    /// <summary>
    /// A timestamp greater than all that PD handed out before the call and that this source gave before.
    /// </summary>
    /// <exception cref="Rpc.RpcException">PD cannot be reached.</exception>
    ValueTask<ulong> NextAsync(CancellationToken cancellationToken);
}
