using Cloud.KvClient.Regions;
using Cloud.Rpc.Proto.Errorpb;

namespace Cloud.KvClient.Requests;

/// <summary>What a client does about each region error. Source: KV-PROTOCOL, Annex C (client-go's reactions).</summary>
internal static class RegionErrors
{
    /// <summary>Takes note of what the error tells, and waits if it asks for that.</summary>
    /// <exception cref="KvException">The error cannot be mended by trying again, or the budget is used up.</exception>
    public static async ValueTask HandleAsync(
        Error error, CachedRegion region, RegionCache cache, RetryBudget budget, CancellationToken cancellationToken)
    {
        ThrowIfFatal(error);
        if (error.NotLeader is { Leader.Id: > 0 } elsewhere)
        {
            cache.SetLeader(region, elsewhere.Leader);
            await budget.AtOnceAsync(Describe(error), cancellationToken);
        }
        else if (error.EpochNotMatch is { } epoch)
        {
            var learnt = cache.Install(region, epoch.CurrentRegions);
            if (epoch.CurrentRegions.Count == 0)
            {
                cache.Invalidate(region);
            }

            await (learnt
                ? budget.AtOnceAsync(Describe(error), cancellationToken)
                : budget.WaitAsync(RetryKind.RegionMiss, Describe(error), cancellationToken));
        }
        else if (error.ServerIsBusy is { } busy)
        {
            var asked = TimeSpan.FromMilliseconds(busy.BackoffMs);
            await budget.WaitAsync(RetryKind.ServerBusy, Describe(error), asked, TimeSpan.MaxValue, cancellationToken);
        }
        else
        {
            await HandleByKindAsync(error, region, cache, budget, cancellationToken);
        }
    }

    private static void ThrowIfFatal(Error error)
    {
        if (error.RaftEntryTooLarge is { } tooLarge)
        {
            throw new KvException(
                KvErrorCode.TooLarge, $"a request of {tooLarge.EntrySize} bytes is too large for region {tooLarge.RegionId}: {Describe(error)}");
        }

        if (error.FlashbackInProgress is not null || error.FlashbackNotPrepared is not null)
        {
            throw new KvException(KvErrorCode.Fatal, Describe(error));
        }
    }

    private static ValueTask HandleByKindAsync(
        Error error, CachedRegion region, RegionCache cache, RetryBudget budget, CancellationToken cancellationToken)
    {
        var kind = KindOf(error);
        if (error.StoreNotMatch is not null)
        {
            cache.InvalidateStore(region.Leader.StoreId);
        }

        if (error.UndeterminedResult is not null)
        {
            budget.MayHaveApplied = true;
        }

        if (kind is RetryKind.RegionMiss or RetryKind.RegionScheduling)
        {
            cache.Invalidate(region);
        }

        return budget.WaitAsync(kind, Describe(error), cancellationToken);
    }

    private static RetryKind KindOf(Error error)
    {
        if (error.NotLeader is not null)
        {
            return RetryKind.RegionScheduling;
        }

        if (error.StaleCommand is not null || error.UndeterminedResult is not null)
        {
            return RetryKind.StaleCommand;
        }

        if (error.DiskFull is not null)
        {
            return RetryKind.DiskFull;
        }

        var notReady = error.MaxTimestampNotSynced is not null || error.ReadIndexNotReady is not null
            || error.ProposalInMergingMode is not null || error.DataIsNotReady is not null
            || error.RegionNotInitialized is not null || error.RecoveryInProgress is not null;
        return notReady ? RetryKind.NotReady : RetryKind.RegionMiss; // The rest says that the region is not there, or is one unknown to us.
    }

    private static string Describe(Error error) => error.Message.Length > 0 ? error.Message : error.ToString();
}
