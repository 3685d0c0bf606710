using Cloud.DataPlane.Tests.Engine;
using Cloud.Rpc;
using Cloud.Rpc.Client;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Rpc.Server;
using Cloud.Storage;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using PessimisticAction = Cloud.Rpc.Proto.Kvrpcpb.PrewriteRequest.Types.PessimisticAction;

namespace Cloud.DataPlane.Tests.Storage;

/// <summary>
/// A real store on a temporary folder with a placement driver in memory, and short forms of the requests that tests
/// send.
/// </summary>
internal sealed class TestStore : IAsyncDisposable
{
    internal const string Address = "storage:1";
    private const string PdAddress = "pd:1";

    private readonly TemporaryDirectory _directory;
    private readonly bool _ownsDirectory;
    private readonly InProcessRpcChannels _channels = new(TimeProvider.System);

    private TestStore(TemporaryDirectory directory, bool ownsDirectory, FakePd pd)
    {
        _directory = directory;
        _ownsDirectory = ownsDirectory;
        Pd = pd;
        _channels.Add(PdAddress, pd.Services);
    }

    internal FakePd Pd { get; }

    internal StorageServer Server { get; private set; } = null!; // Set by OpenAsync.

    internal IRpcChannel Channel { get; private set; } = null!; // Set by OpenAsync.

    internal string Path => _directory.Path;

    internal Context Context { get; private set; } = new();

    internal static async Task<TestStore> OpenAsync(
        TemporaryDirectory? directory =
            null, FakePd? pd = null, StorageLimits? limits = null, Func<StorageOptions, StorageOptions>? change = null,
        TimeProvider? time = null)
    {
        var store = new TestStore(directory ?? new TemporaryDirectory(), directory is null, pd ?? new FakePd());
        var options = new StorageOptions
        {
            DataDirectory = store.Path,
            PdClusterId = 7,
            PdEndpoints = [PdAddress],
            AdvertisedAddress = Address,
            Limits = limits ?? new StorageLimits(),
        };
        store.Server = await StorageServer.OpenAsync(
            change?.Invoke(options) ?? options, store._channels, time
                ?? TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
        var services = new RpcServices();
        store.Server.Register(services);
        store._channels.Add(Address, services);
        store.Channel = store._channels.Open(Address);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await store.Server.JoinAsync(limit.Token);
        var region = store.Pd.Region!; // Joining bootstrapped it.
        store.Context = new Context { RegionId = region.Id, RegionEpoch = region.RegionEpoch, Peer = region.Peers[0] };
        return store;
    }

    public async ValueTask DisposeAsync()
    {
        await Channel.DisposeAsync();
        await Server.DisposeAsync();
        if (_ownsDirectory)
        {
            _directory.Dispose();
        }
    }

    internal Context With(Action<Context> change)
    {
        var context = Context.Clone();
        change(context);
        return context;
    }

    internal Context Api(APIVersion version) => With(c => c.ApiVersion = version);

    internal ulong Ts() => Pd.NextTimestamp();

    internal ValueTask<TResponse> Call<TRequest, TResponse>(RpcMethod<TRequest, TResponse> method, TRequest request)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        Channel.CallAsync(method, request, TimeSpan.FromSeconds(20), CancellationToken.None);

    internal async Task<GetResponse> GetResponse(string key, ulong ts, Context? context = null) =>
        await Call(TikvMethods.KvGet, new GetRequest { Context = context ?? Context, Key = B(key), Version = ts, NeedCommitTs = true });

    /// <summary>The value, "-" when there is none, or "locked".</summary>
    internal async Task<string> Get(string key, ulong ts = ulong.MaxValue, Context? context = null)
    {
        var response = await GetResponse(key, ts, context);
        return response.RegionError is not null ? response.RegionError.Message
            : response.Error?.Locked is not null ? "locked"
            : response.Error is not null ? response.Error.ToString()
            : response.NotFound ? "-" : response.Value.ToStringUtf8();
    }

    internal PrewriteRequest PrewriteOf(ulong start, params (string Key, string? Value)[] writes)
    {
        var request = new PrewriteRequest
        {
            Context = Context,
            PrimaryLock = B(writes[0].Key),
            StartVersion = start,
            LockTtl = 3000,
            TxnSize = (ulong)writes.Length,
        };
        foreach (var (key, value) in writes)
        {
            request.Mutations.Add(new Mutation
            {
                Op = value is null ? Op.Del : Op.Put,
                Key = B(key),
                Value = value is null ? ByteString.Empty : B(value),
            });
        }

        return request;
    }

    internal async Task<PrewriteResponse> Send(PrewriteRequest request) => await Call(TikvMethods.KvPrewrite, request);

    internal Task<PrewriteResponse> Prewrite(ulong start, params (string Key, string? Value)[] writes) =>
        Send(PrewriteOf(start, writes));

    internal async Task<CommitResponse> Commit(ulong start, ulong commit, params string[] keys) => await Call(
        TikvMethods.KvCommit, new CommitRequest { Context = Context, StartVersion = start, CommitVersion = commit, Keys = { keys.Select(B) } });

    /// <summary>Prewrites and commits; the commit timestamp.</summary>
    internal async Task<ulong> Put(params (string Key, string? Value)[] writes)
    {
        var start = Ts();
        var prewrite = await Prewrite(start, writes);
        Shouldly.ShouldBeTestExtensions.ShouldBe(prewrite.Errors.Count, 0, prewrite.ToString());
        var commit = Ts();
        var committed = await Commit(start, commit, writes.Select(w => w.Key).ToArray());
        Shouldly.ShouldBeNullExtensions.ShouldBeNull(committed.Error);
        return commit;
    }

    internal async Task<BatchRollbackResponse> Rollback(ulong start, params string[] keys) => await Call(
        TikvMethods.KvBatchRollback, new BatchRollbackRequest { Context = Context, StartVersion = start, Keys = { keys.Select(B) } });

    internal PessimisticLockRequest LockOf(ulong start, ulong forUpdate, params string[] keys) => new()
    {
        Context = Context,
        PrimaryLock = B(keys[0]),
        StartVersion = start,
        ForUpdateTs = forUpdate,
        LockTtl = 3000,
        WaitTimeout = -1,
        Mutations = { keys.Select(k => new Mutation { Op = Op.PessimisticLock, Key = B(k) }) },
    };

    internal async Task<PessimisticLockResponse> Send(PessimisticLockRequest request) =>
        await Call(TikvMethods.KvPessimisticLock, request);

    internal Task<PessimisticLockResponse> LockKeys(ulong start, ulong forUpdate, params string[] keys) =>
        Send(LockOf(start, forUpdate, keys));

    /// <summary>A prewrite of keys that are all locked pessimistically.</summary>
    internal Task<PrewriteResponse> PrewriteLocked(
        ulong start, ulong forUpdate, params (string Key, string? Value)[] writes)
    {
        var request = PrewriteOf(start, writes);
        request.ForUpdateTs = forUpdate;
        request.PessimisticActions.AddRange(writes.Select(_ => PessimisticAction.DoPessimisticCheck));
        return Send(request);
    }

    internal async Task<CheckTxnStatusResponse> CheckStatus(
        string primary, ulong start, ulong current, ulong caller =
            0, bool rollbackIfNotExist = true, bool resolvingPessimistic = false,
        bool forceSync = false, bool verifyPrimary = false) =>
        await Call(TikvMethods.KvCheckTxnStatus, new CheckTxnStatusRequest
        {
            Context = Context,
            PrimaryKey = B(primary),
            LockTs = start,
            CallerStartTs = caller,
            CurrentTs = current,
            RollbackIfNotExist = rollbackIfNotExist,
            ResolvingPessimisticLock = resolvingPessimistic,
            ForceSyncCommit = forceSync,
            VerifyIsPrimary = verifyPrimary,
        });

    internal async Task<string> Scan(string start, string end, ulong ts, uint limit =
        100, bool reverse = false, bool keyOnly = false, Context? context = null)
    {
        var response = await Call(TikvMethods.KvScan, new ScanRequest
        {
            Context = context ?? Context,
            StartKey = B(start),
            EndKey = B(end),
            Version = ts,
            Limit = limit,
            Reverse = reverse,
            KeyOnly = keyOnly,
        });
        return response.RegionError?.Message ?? (response.Error is not null ? "locked" : string.Join(' ', response.Pairs.Select(p =>
            p.Error is not null
                ? $"!{p.Error.Locked?.Key.ToStringUtf8()}"
                : $"{p.Key.ToStringUtf8()}={p.Value.ToStringUtf8()}")));
    }

    internal static ByteString B(string text) => ByteString.CopyFromUtf8(text);
}
