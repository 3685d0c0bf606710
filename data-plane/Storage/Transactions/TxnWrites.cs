using Cloud.Codec;
using Cloud.Rpc.Proto.Errorpb;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Storage.Regions;
using Google.Protobuf;

namespace Cloud.Storage.Transactions;

/// <summary>
/// The requests that lay and end locks: prewrite, commit, rollback, heartbeat. Source: KV-PROTOCOL §1.7.
/// </summary>
internal sealed class TxnWrites(LocalStore store)
{
    internal async ValueTask<PrewriteResponse> PrewriteAsync(
        PrewriteRequest request, CancellationToken cancellationToken)
    {
        if (store.Regions.Find(request.Context, out var peer) is { } refused)
        {
            return new PrewriteResponse { RegionError = refused };
        }

        if ((request.UseAsyncCommit || request.TryOnePc) && !store.Locks.IsSynced)
        {
            return new PrewriteResponse { RegionError = RegionErrors.MaxTimestampNotSynced(peer.Id) };
        }

        var response = new PrewriteResponse();
        var dataKeys = new byte[request.Mutations.Count][];
        long bytes = 0;
        for (var i = 0; i < dataKeys.Length; i++)
        {
            var mutation = request.Mutations[i];
            if (CheckMutation(request.Context, mutation) is { } invalid)
            {
                response.Errors.Add(invalid);
                return response;
            }

            dataKeys[i] = KeySpaces.DataKeyOf(request.Context, mutation.Key);
            bytes += mutation.Key.Length + mutation.Value.Length;
            if (peer.CheckKey(KeySpaces.RegionKey(dataKeys[i])) is { } outside)
            {
                return new PrewriteResponse { RegionError = outside };
            }
        }

        var error = await store.RunAsync(
            peer,
            dataKeys,
            (request, dataKeys, response),
            static (command, s) => new Prewrite(command, s.request, s.dataKeys).Run(s.response),
            cancellationToken);
        if (error is not null)
        {
            return new PrewriteResponse { RegionError = error };
        }

        if (response.Errors.Count == 0)
        {
            store.Counters.Wrote(dataKeys.Length, bytes);
        }

        return response;
    }

    internal async ValueTask<CommitResponse> CommitAsync(CommitRequest request, CancellationToken cancellationToken)
    {
        if (Prepare(request.Context, request.Keys, out var peer, out var dataKeys, out var invalid) is { } refused)
        {
            return new CommitResponse { RegionError = refused };
        }

        var response = new CommitResponse { Error = invalid };
        if (request.CommitVersion <= request.StartVersion)
        {
            response.Error ??= KeyErrors.InvalidTimestamps(request.StartVersion, request.CommitVersion);
        }

        if (response.Error is not null)
        {
            return response;
        }

        var error = await store.RunAsync(
            peer,
            dataKeys,
            (request, dataKeys, response),
            static (command, s) =>
            {
                foreach (var dataKey in s.dataKeys)
                {
                    if (Finish.Commit(command, dataKey, s.request.StartVersion, s.request.CommitVersion) is { } failed)
                    {
                        s.response.Error = failed;
                        command.Reset();
                        return;
                    }
                }

                s.response.CommitVersion = s.request.CommitVersion;
            },
            cancellationToken);
        return error is null ? response : new CommitResponse { RegionError = error };
    }

    internal async ValueTask<BatchRollbackResponse> BatchRollbackAsync(
        BatchRollbackRequest request, CancellationToken cancellationToken)
    {
        if (Prepare(request.Context, request.Keys, out var peer, out var dataKeys, out var invalid) is { } refused)
        {
            return new BatchRollbackResponse { RegionError = refused };
        }

        var response = new BatchRollbackResponse { Error = invalid };
        if (invalid is not null)
        {
            return response;
        }

        var error = await store.RunAsync(
            peer,
            dataKeys,
            (request, dataKeys, response),
            static (command, s) =>
            {
                foreach (var dataKey in s.dataKeys)
                {
                    if (Finish.Rollback(
                        command, dataKey, s.request.StartVersion, 0, isProtected: false, out _) is { } failed)
                    {
                        s.response.Error = failed;
                        command.Reset();
                        return;
                    }
                }
            },
            cancellationToken);
        return error is null ? response : new BatchRollbackResponse { RegionError = error };
    }

    internal async ValueTask<CleanupResponse> CleanupAsync(CleanupRequest request, CancellationToken cancellationToken)
    {
        if (Prepare(request.Context, [request.Key], out var peer, out var dataKeys, out var invalid) is { } refused)
        {
            return new CleanupResponse { RegionError = refused };
        }

        var response = new CleanupResponse { Error = invalid };
        if (invalid is not null)
        {
            return response;
        }

        var error = await store.RunAsync(
            peer,
            dataKeys,
            (request, dataKeys, response),
            static (command, s) =>
            {
                var failed = Finish.Rollback(
                    command, s.dataKeys[0], s.request.StartVersion, s.request.CurrentTs, isProtected: true, out var commitTs);
                s.response.CommitVersion = commitTs;
                s.response.Error = commitTs == 0 ? failed : null;
            },
            cancellationToken);
        return error is null ? response : new CleanupResponse { RegionError = error };
    }

    internal async ValueTask<TxnHeartBeatResponse> HeartBeatAsync(
        TxnHeartBeatRequest request, CancellationToken cancellationToken)
    {
        if (Prepare(
            request.Context, [request.PrimaryLock], out var peer, out var dataKeys, out var invalid) is { } refused)
        {
            return new TxnHeartBeatResponse { RegionError = refused };
        }

        var response = new TxnHeartBeatResponse { Error = invalid };
        if (invalid is not null)
        {
            return response;
        }

        var error = await store.RunAsync(
            peer,
            dataKeys,
            (request, dataKeys, response),
            static (command, s) =>
            {
                var dataKey = s.dataKeys[0];
                var record = command.Reader.LoadLock(dataKey);
                if (record is null || record.StartTimestamp != s.request.StartVersion)
                {
                    s.response.Error = KeyErrors.TxnNotFound(s.request.StartVersion, dataKey);
                    return;
                }

                var ttl = Math.Max(record.TtlMs, s.request.AdviseLockTtl);
                var minCommit = record.UsesAsyncCommit
                    ? record.MinCommitTimestamp
                    : Math.Max(record.MinCommitTimestamp, s.request.MinCommitTs);
                if (ttl != record.TtlMs || minCommit != record.MinCommitTimestamp)
                {
                    command.PutLock(dataKey, record with { TtlMs = ttl, MinCommitTimestamp = minCommit });
                }

                s.response.LockTtl = ttl;
            },
            cancellationToken);
        return error is null ? response : new TxnHeartBeatResponse { RegionError = error };
    }

    /// <summary>The region and the data keys of a request; a region error, or an invalid key, or neither.</summary>
    internal Error? Prepare(
        Context context, IReadOnlyList<ByteString> keys, out RegionPeer peer, out byte[][] dataKeys, out KeyError? invalid)
    {
        invalid = null;
        dataKeys = [];
        if (store.Regions.Find(context, out var found) is { } refused)
        {
            peer = found!; // Not looked at by a caller that gets an error.
            return refused;
        }

        peer = found;
        dataKeys = new byte[keys.Count][];
        for (var i = 0; i < dataKeys.Length; i++)
        {
            invalid ??= KeySpaces.Check(context, keys[i], store.Limits.KeyBytesMax);
            dataKeys[i] = KeySpaces.DataKeyOf(context, keys[i]);
            if (peer.CheckKey(KeySpaces.RegionKey(dataKeys[i])) is { } outside)
            {
                return outside;
            }
        }

        return null;
    }

    private KeyError? CheckMutation(Context context, Mutation mutation)
    {
        if (mutation.Value.Length > store.Limits.ValueBytesMax)
        {
            return KeyErrors.ValueTooLarge(mutation.Value.Length, store.Limits.ValueBytesMax);
        }

        return mutation.Op is Op.Put or Op.Del or Op.Lock or Op.Insert or Op.CheckNotExists
            ? KeySpaces.Check(context, mutation.Key, store.Limits.KeyBytesMax)
            : KeyErrors.Abort(
                $"InvalidMutation {{ op: {mutation.Op} }}: prewrite takes Put, Del, Lock, Insert and CheckNotExists");
    }
}
