using Cloud.KvClient.Pd;
using Cloud.KvClient.Regions;
using Cloud.KvClient.Transport;
using Cloud.Rpc;
using Cloud.Rpc.Proto.Kvrpcpb;
using Google.Protobuf;

namespace Cloud.KvClient.Requests;

/// <summary>Sends requests to regions, and learns from the errors where they are now. Thread-safe.</summary>
internal sealed class RegionSender(
    RegionCache regions, StoreConnections stores, PdClient pd, RetryPolicy retries, TimeSpan requestTimeout)
{
    public RegionCache Regions => regions;

    public RetryPolicy Retries => retries;

    /// <summary>Sends a request about one key, again until it is answered.</summary>
    /// <param name="command">Which request.</param>
    /// <param name="makeRequest">Makes a request for each attempt.</param>
    /// <param name="regionKey">The key, as regions compare it.</param>
    /// <param name="budget">The waits of the operation.</param>
    /// <exception cref="KvException">No answer within the budget, or an error that retrying cannot mend.</exception>
    public async ValueTask<TResponse> SendToKeyAsync<TRequest, TResponse>(
        StoreCommand<TRequest, TResponse> command,
        Func<TRequest> makeRequest,
        byte[] regionKey,
        RetryBudget budget,
        CancellationToken cancellationToken,
        SendOptions options = default)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        while (true)
        {
            var region = await regions.LocateAsync(regionKey, budget, cancellationToken);
            var reply = await SendOnceAsync(command, makeRequest(), region, budget, cancellationToken, options);
            if (reply.Response is { } response)
            {
                return response;
            }
        }
    }

    /// <summary>Sends a request once.</summary>
    /// <param name="command">Which request.</param>
    /// <param name="request">Used by this attempt alone, since an attempt that was given up may still read it.</param>
    /// <param name="region">Where to.</param>
    /// <param name="budget">The waits of the operation.</param>
    /// <param name="options">What differs from the usual.</param>
    /// <returns>The answer; or, after a region error or a broken connection, the advice to locate again.</returns>
    /// <exception cref="KvException">The budget is used up, or an error that retrying cannot mend.</exception>
    public async ValueTask<RegionReply<TResponse>> SendOnceAsync<TRequest, TResponse>(
        StoreCommand<TRequest, TResponse> command,
        TRequest request,
        CachedRegion region,
        RetryBudget budget,
        CancellationToken cancellationToken,
        SendOptions options = default)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        var leader = await pd.LeaderAsync(budget, cancellationToken);
        var address = await regions.AddressAsync(region.Leader.StoreId, budget, cancellationToken);
        command.SetContext(request, NewContext(region, leader.ClusterId, budget, options));
        try
        {
            var response = await stores.Get(address).SendAsync(command, request, options.Timeout ?? requestTimeout, cancellationToken);
            if (command.RegionError(response) is not { } error)
            {
                return new RegionReply<TResponse>(response);
            }

            await RegionErrors.HandleAsync(error, region, regions, budget, cancellationToken);
        }
        catch (RpcException failure)
        {
            await HandleAsync(failure, region, address, budget, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            budget.MayHaveApplied = true;
            throw;
        }

        return RegionReply<TResponse>.LocateAgain;
    }

    /// <summary>Does something with all items, by region; groups whose attempt fails are divided anew.</summary>
    /// <param name="items">Keyed items.</param>
    /// <param name="regionKey">The key of an item as regions compare it.</param>
    /// <param name="size">Bytes that an item adds to a request.</param>
    /// <param name="bytesMax">Most bytes of a group.</param>
    /// <param name="countMax">Most items of a group.</param>
    /// <param name="concurrency">Groups at once.</param>
    /// <param name="attempt">Sends one request; false to locate again. Each group has a budget of its own.</param>
    public async Task ForGroupsAsync<T>(
        IEnumerable<T> items,
        Func<T, byte[]> regionKey,
        Func<T, int> size,
        int bytesMax,
        int countMax,
        int concurrency,
        Func<RegionGroup<T>, RetryBudget, CancellationToken, ValueTask<bool>> attempt,
        CancellationToken cancellationToken)
    {
        var groups = await regions.GroupAsync(items, regionKey, size, bytesMax, countMax, retries.Begin(), cancellationToken);
        await Bounded.ForEachAsync(
            groups, concurrency, (group, token) => UntilDoneAsync(group, retries.Begin(), token), cancellationToken);

        async ValueTask UntilDoneAsync(RegionGroup<T> group, RetryBudget budget, CancellationToken token)
        {
            if (await attempt(group, budget, token))
            {
                return;
            }

            foreach (var part in await regions.GroupAsync(group.Items, regionKey, size, bytesMax, countMax, budget, token))
            {
                await UntilDoneAsync(part, budget, token);
            }
        }
    }

    private static Context NewContext(CachedRegion region, ulong clusterId, RetryBudget budget, SendOptions options)
    {
        var context = region.NewContext(clusterId);
        context.IsRetryRequest = budget.MayHaveApplied;
        context.ApiVersion = options.ApiVersion;
        if (options.PassableLocks is { Count: > 0 } passable)
        {
            context.ResolvedLocks.AddRange(passable);
        }

        return context;
    }

    private async ValueTask HandleAsync(
        RpcException failure, CachedRegion region, string address, RetryBudget budget, CancellationToken cancellationToken)
    {
        switch (failure.Code)
        {
            case RpcStatusCode.ResourceExhausted:
                throw new KvException(KvErrorCode.TooLarge, $"a request to {address} is too large: {failure.Detail}", failure);
            case RpcStatusCode.Unimplemented or RpcStatusCode.Unauthenticated or RpcStatusCode.PermissionDenied or RpcStatusCode.InvalidArgument:
                throw new KvException(KvErrorCode.Fatal, $"store {address} refused: {failure.Message}", failure);
        }

        budget.MayHaveApplied |= !failure.NotSent;
        regions.Invalidate(region);
        regions.InvalidateStore(region.Leader.StoreId);
        await budget.WaitAsync(RetryKind.StoreRpc, $"store {address}: {failure.Message}", cancellationToken);
    }
}
