using Cloud.Rpc.Proto.Errorpb;
using Cloud.Rpc.Proto.Metapb;
using Google.Protobuf;

namespace Cloud.Storage.Regions;

/// <summary>Region errors with all the fields that clients act upon. Source: KV-PROTOCOL annex C.</summary>
internal static class RegionErrors
{
    internal static Error StoreNotMatch(ulong requested, ulong actual) => new()
    {
        Message = $"the request is for store {requested}, this is store {actual}",
        StoreNotMatch = new StoreNotMatch { RequestStoreId = requested, ActualStoreId = actual },
    };

    internal static Error RegionNotFound(ulong region) => new()
    {
        Message = $"region {region} is not on this store",
        RegionNotFound = new RegionNotFound { RegionId = region },
    };

    internal static Error MismatchPeerId(ulong requested, ulong actual) => new()
    {
        Message = $"the request is for peer {requested}, the region's peer here is {actual}",
        MismatchPeerId = new MismatchPeerId { RequestPeerId = requested, StorePeerId = actual },
    };

    internal static Error NotLeader(ulong region, Peer? leader) => new()
    {
        Message = $"this store's peer does not lead region {region}",
        NotLeader = new NotLeader { RegionId = region, Leader = leader },
    };

    internal static Error StaleCommand(ulong requestTerm, ulong term) => new()
    {
        Message = $"the request is of term {requestTerm}, the region is in term {term}",
        StaleCommand = new StaleCommand(),
    };

    internal static Error EpochNotMatch(RegionEpoch? requested, Region current)
    {
        var error = new EpochNotMatch();
        error.CurrentRegions.Add(current);
        return new Error
        {
            Message =
                $"the request has epoch {requested?.ConfVer ?? 0}/{requested?.Version ?? 0}, region {current.Id} has " +
                $"{current.RegionEpoch.ConfVer}/{current.RegionEpoch.Version}",
            EpochNotMatch = error,
        };
    }

    internal static Error KeyNotInRegion(ReadOnlySpan<byte> key, Region region) => new()
    {
        Message = $"key {Convert.ToHexStringLower(key[..Math.Min(key.Length, 64)])} is not in region {region.Id}",
        KeyNotInRegion = new KeyNotInRegion
        {
            Key = ByteString.CopyFrom(key),
            RegionId = region.Id,
            StartKey = region.StartKey,
            EndKey = region.EndKey,
        },
    };

    internal static Error ServerIsBusy(string reason) => new()
    {
        Message = "the server is busy: " + reason,
        ServerIsBusy = new ServerIsBusy { Reason = reason },
    };

    internal static Error EntryTooLarge(ulong region, int bytes, int limit) => new()
    {
        Message = $"the command has {bytes} bytes, at most {limit} are allowed: send it in parts",
        RaftEntryTooLarge = new RaftEntryTooLarge { RegionId = region, EntrySize = (ulong)bytes },
    };

    /// <summary>
    /// A scan's answer is over the limit. The kind is that of a command that is too large, because it is the one that clients hand to their
    /// caller, with its message, instead of trying again. Source: client-go, <c>onRegionError</c>.
    /// </summary>
    internal static Error AnswerTooLarge(ulong region, long bytes, int pairs) => new()
    {
        Message = $"the answer would have more than {pairs} pairs or {bytes} bytes: ask for fewer pairs at once, or for keys only",
        RaftEntryTooLarge = new RaftEntryTooLarge { RegionId = region, EntrySize = (ulong)bytes },
    };

    internal static Error MaxTimestampNotSynced(ulong region) => new()
    {
        Message = $"region {region} has not synced its largest timestamp with PD yet",
        MaxTimestampNotSynced = new MaxTimestampNotSynced(),
    };

    internal static Error DataIsNotReady(ulong region, ulong peer) => new()
    {
        Message = $"region {region} serves no stale reads here: read from the leader",
        DataIsNotReady = new DataIsNotReady { RegionId = region, PeerId = peer },
    };

    internal static Error Undetermined(string reason) => new()
    {
        Message = "it is not known whether the command will take effect: " + reason,
        UndeterminedResult = new UndeterminedResult { Message = reason },
    };
}
