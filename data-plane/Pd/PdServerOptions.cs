using System.Net;

namespace Cloud.Pd;

/// <summary>How a PD member runs.</summary>
public sealed record PdServerOptions
{
    /// <summary>The cluster's 64-bit id, minted with the cluster; never 0.</summary>
    public required ulong ClusterId { get; init; }

    /// <summary>Unique in the cluster, kept for the member's life.</summary>
    public required string Name { get; init; }

    /// <summary>Absolute; owned by this member alone.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Where to listen; port 0 takes a free one.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Host that clients are told; the port is the one bound.</summary>
    public required string AdvertisedHost { get; init; }
}
