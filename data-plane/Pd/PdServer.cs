using System.Buffers.Binary;
using System.Globalization;
using Cloud.Kernel;
using Cloud.Pd.Cluster;
using Cloud.Pd.Gc;
using Cloud.Pd.Meta;
using Cloud.Pd.Services;
using Cloud.Pd.Tso;
using Cloud.Rpc.Server;
using Microsoft.Extensions.Logging;

namespace Cloud.Pd;

/// <summary>
/// The placement driver: timestamps, ids, stores, regions, safe points, and the etcd API over its metadata. One member.
/// Everything it answers with is durable first; a crash at any point loses unused timestamps and ids, and passing facts (leaders,
/// statistics), which heartbeats bring back.
/// </summary>
public sealed class PdServer : IAsyncDisposable
{
    private readonly MetaStore _meta;
    private readonly ClusterState _cluster;
    private readonly IdAllocator _ids;
    private readonly GcState _gc;
    private readonly TimestampService _timestamps;
    private RpcServer? _server;

    private PdServer(MetaStore meta, ClusterState cluster, IdAllocator ids, GcState gc, TimestampService timestamps)
    {
        _meta = meta;
        _cluster = cluster;
        _ids = ids;
        _gc = gc;
        _timestamps = timestamps;
    }

    /// <summary>The calls offered, for the in-process transport.</summary>
    public RpcServices Services { get; } = new();

    /// <summary>The port bound.</summary>
    public int Port => _server?.Port ?? 0;

    /// <summary>Completes with the failure of the disk after which nothing is promised any more; the process should end and be started again.</summary>
    public Task<Exception> Fault => _meta.Fault;

    /// <summary>What a status page and the metering read. Cumulative counts begin anew with the process.</summary>
    public PdStatus Status => new(
        _cluster.Bootstrapped,
        _cluster.Stores().Count,
        _cluster.ReadRegions(static regions => regions.Count),
        _meta.Revision,
        _timestamps.PhysicalMs,
        _timestamps.Taken,
        _server?.Counters ?? default);

    /// <summary>Recovers the state of the data folder, or begins a new cluster there, and serves it.</summary>
    /// <exception cref="PdStateException">The folder holds another cluster, another format, or damage.</exception>
    /// <exception cref="IOException">The address is in use, or the disk failed.</exception>
    public static async Task<PdServer> StartAsync(
        PdServerOptions options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        Invariant.Require(options.ClusterId != 0, "a cluster's id is not 0");
        var meta = MetaStore.Open(options.DataDirectory);
        PdServer? server = null;
        try
        {
            var keys = new MetaKeys(options.ClusterId);
            await ClaimAsync(meta, options, cancellationToken);
            var logger = loggers.CreateLogger<PdServer>();
            server = new PdServer(
                meta,
                ClusterState.Load(meta, keys, time),
                new IdAllocator(meta, keys),
                new GcState(meta, keys, time),
                await TimestampService.StartAsync(meta, keys, time, logger, cancellationToken));
            await server.ListenAsync(options, time, loggers, logger, cancellationToken);
            return server;
        }
        catch
        {
            await (server?.DisposeAsync() ?? meta.DisposeAsync());
            throw;
        }
    }

    /// <summary>Stops taking calls and lets those in flight end, for as long as <paramref name="cancellationToken"/> allows.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => _server?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        await _timestamps.DisposeAsync();
        await _meta.DisposeAsync();
        _cluster.Dispose();
        _ids.Dispose();
        _gc.Dispose();
    }

    /// <summary>Writes the cluster's id into a new folder, and refuses the folder of another cluster.</summary>
    private static async Task ClaimAsync(MetaStore meta, PdServerOptions options, CancellationToken cancellationToken)
    {
        var claimed = meta.Read(static map =>
            map.TryGet(MetaKeys.ClusterIdKey, out var entry) ? BinaryPrimitives.ReadUInt64BigEndian(entry.Value) : 0);
        if (claimed == 0)
        {
            var value = new byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64BigEndian(value, options.ClusterId);
            await meta.ProposeAsync(new MetaTransaction().Put(MetaKeys.ClusterIdKey, value), cancellationToken);
        }
        else if (claimed != options.ClusterId)
        {
            throw new PdStateException(
                $"{options.DataDirectory} belongs to cluster {claimed}, not {options.ClusterId}. Give this member a folder of its own.");
        }
    }

    private async Task ListenAsync(
        PdServerOptions options, TimeProvider time, ILoggerFactory loggers, ILogger logger, CancellationToken cancellationToken)
    {
        // The member's address is known only when the port is; the member service reads it when it is asked.
        var headers = new PdHeaders(options.ClusterId);
        var member = new Lazy<PdMember>(() => PdMember.Create(
            options.ClusterId,
            options.Name,
            string.Create(CultureInfo.InvariantCulture, $"http://{options.AdvertisedHost}:{Port}")));
        var revision = new MetaRevision(_meta, options.ClusterId, PdMember.IdOf(options.ClusterId, options.Name));
        new MemberService(headers, member, revision, () => !_meta.Fault.IsCompleted).Register(Services);
        new TsoService(headers, _timestamps).Register(Services);
        new StoreService(headers, _cluster, _ids).Register(Services);
        new RegionService(headers, _cluster).Register(Services);
        new RegionReportService(headers, _cluster, _ids, logger).Register(Services);
        new GcService(headers, _gc).Register(Services);
        new EtcdService(_meta, revision).Register(Services);
        _server = await RpcServer.StartAsync(
            Services, new RpcServerOptions { Listen = options.Listen }, time, loggers, cancellationToken);
    }
}

/// <summary>A PD member's state at a moment.</summary>
/// <param name="Bootstrapped">Whether a first store has come.</param>
/// <param name="Stores">Stores known.</param>
/// <param name="Regions">Regions known.</param>
/// <param name="MetaRevision">Transactions applied to the metadata over the cluster's life.</param>
/// <param name="TimestampPhysicalMs">Physical part of the newest timestamp.</param>
/// <param name="TimestampsTaken">Timestamps handed out.</param>
/// <param name="Calls">Calls served.</param>
public readonly record struct PdStatus(
    bool Bootstrapped,
    int Stores,
    int Regions,
    long MetaRevision,
    long TimestampPhysicalMs,
    long TimestampsTaken,
    RpcServerCounters Calls);
