using Cloud.Codec;
using Cloud.Engine.Log;
using Cloud.Engine.Memory;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Rpc.Proto.Metapb;
using Cloud.Storage;
using Cloud.Storage.Raw;
using Cloud.Storage.Regions;
using Cloud.Storage.Replication;
using Cloud.Storage.Transactions;
using Google.Protobuf;
using Shouldly;
using Xunit;
using static Cloud.DataPlane.Tests.Storage.TestStore;

namespace Cloud.DataPlane.Tests.Storage;

/// <summary>A region between two others: [MCE("b"), MCE("m")).</summary>
public sealed class RegionRangeTests : IAsyncLifetime
{
    private readonly Engine.TemporaryDirectory _directory = new();
    private ReplicatedStore _replicated = null!; // Set by InitializeAsync.
    private LocalStore _store = null!; // Set by InitializeAsync.
    private RegionPeer _peer = null!; // Set by InitializeAsync.
    private Context _context = null!; // Set by InitializeAsync.

    public async Task InitializeAsync()
    {
        var engine = new MemoryEngine();
        _replicated = new ReplicatedStore(
            engine, RaftLog.Open(new RaftLogOptions { Directory = _directory.Path }), new StorageLimits());
        var region = new Region
        {
            Id = 4,
            StartKey = ByteString.CopyFrom(MemComparable.Encode("b"u8)),
            EndKey = ByteString.CopyFrom(MemComparable.Encode("m"u8)),
            RegionEpoch = new RegionEpoch { ConfVer = 1, Version = 3 },
            Peers = { new Peer { Id = 5, StoreId = 1 } },
        };
        _peer = await _replicated.StartAsync(region, region.Peers[0], CancellationToken.None);
        var regions = new RegionMap(1);
        regions.Add(_peer);
        _store = new LocalStore(_replicated, regions, new StorageLimits(), TimeProvider.System);
        _store.Locks.Sync(1);
        _context = new Context { RegionId = 4, RegionEpoch = region.RegionEpoch, Peer = region.Peers[0] };
    }

    public Task DisposeAsync()
    {
        _store.Dispose();
        _replicated.Dispose();
        _directory.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Keys_outside_of_the_region_are_refused_with_its_bounds()
    {
        var reads = new TxnReads(_store);
        reads.Get(new GetRequest { Context = _context, Key = B("b"), Version = 9 }).NotFound.ShouldBeTrue();
        var error = reads.Get(
            new GetRequest { Context = _context, Key = B("a"), Version = 9 }).RegionError.KeyNotInRegion;
        (error.RegionId, error.StartKey, error.EndKey).ShouldBe((4UL, _peer.Region.StartKey, _peer.Region.EndKey));
        error.Key.ShouldBe(ByteString.CopyFrom(MemComparable.Encode("a"u8)));
        reads.Get(new GetRequest { Context = _context, Key = B("m"), Version = 9 }).RegionError.KeyNotInRegion.ShouldNotBeNull();
        reads.BatchGet(new BatchGetRequest { Context = _context, Keys = { B("c"), B("z") }, Version = 9 }).RegionError.ShouldNotBeNull();
        var writes = new TxnWrites(_store);
        var prewrite = new PrewriteRequest
        {
            Context = _context, StartVersion = 9, PrimaryLock = B(
                "c"), LockTtl = 1, Mutations = { new Mutation { Key = B("c") }, new Mutation { Key = B("n") } },
        };
        (await writes.PrewriteAsync(prewrite, CancellationToken.None)).RegionError.KeyNotInRegion.ShouldNotBeNull();
        reads.Get(new GetRequest { Context = _context, Key = B("c"), Version = 99 }).NotFound.ShouldBeTrue();
    }

    [Fact]
    public async Task Scans_end_with_the_region()
    {
        var writes = new TxnWrites(_store);
        foreach (var key in new[] { "b", "c", "l" })
        {
            await writes.PrewriteAsync(
                new PrewriteRequest
                {
                    Context = _context, StartVersion = 9, PrimaryLock = B(key), LockTtl = 1, TryOnePc = true,
                    Mutations = { new Mutation { Key = B(key), Value = B(key) } },
                },
                CancellationToken.None);
        }

        var reads = new TxnReads(_store);
        var all = reads.Scan(new ScanRequest { Context = _context, Version = 99, Limit = 10 });
        all.Pairs.Select(p => p.Key.ToStringUtf8()).ShouldBe(["b", "c", "l"]);
        reads.Scan(new ScanRequest { Context = _context, Version = 99, Limit = 10, StartKey = B("c"), EndKey = B("z") })
            .Pairs.Select(p => p.Key.ToStringUtf8()).ShouldBe(["c", "l"]);
        reads.Scan(new ScanRequest { Context = _context, Version = 99, Limit = 10, Reverse = true, StartKey = B("l") })
            .Pairs.Select(p => p.Key.ToStringUtf8()).ShouldBe(["c", "b"]);
        reads.Scan(new ScanRequest { Context = _context, Version = 99, Limit = 10, StartKey = B("a") }).RegionError.KeyNotInRegion.ShouldNotBeNull();
    }

    [Fact]
    public async Task Plain_raw_keys_are_compared_as_they_are_and_versioned_ones_encoded()
    {
        var raw = new RawReads(_store);
        raw.Get(new RawGetRequest { Context = _context, Key = B("c") }).NotFound.ShouldBeTrue();
        raw.Get(new RawGetRequest { Context = _context, Key = B("a") }).RegionError.KeyNotInRegion.Key.ShouldBe(B("a"));
        var v2 = _context.Clone();
        v2.ApiVersion = APIVersion.V2;
        raw.Get(
            new RawGetRequest { Context = v2, Key = B("r\0\0\u0001c") }).RegionError.KeyNotInRegion.ShouldNotBeNull();
        var writes = new RawWrites(_store, raw, null!); // V1 takes no timestamps.
        (await writes.PutAsync(
            new RawPutRequest { Context = _context, Key = B("z"), Value = B("1") }, CancellationToken.None))
            .RegionError.KeyNotInRegion.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_command_proposed_for_an_older_epoch_has_no_effect()
    {
        var stale = _peer.Rent();
        stale.Command.Begin(1, 2);
        stale.Command.Put(Cloud.Engine.ColumnFamily.Raw, "zc"u8, "1"u8);
        (await _peer.ProposeAsync(stale))!.EpochNotMatch.CurrentRegions[0].Id.ShouldBe(4UL);
        using var value = _store.Engine.Get(Cloud.Engine.ColumnFamily.Raw, "zc"u8);
        value.Exists.ShouldBeFalse();
    }
}
