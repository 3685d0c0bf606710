using Cloud.DataPlane.Tests.Engine;
using Cloud.Engine;
using Cloud.Engine.Log;
using Cloud.Engine.Memory;
using Cloud.Rpc.Proto.Metapb;
using Cloud.Storage;
using Cloud.Storage.Replication;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Storage;

public sealed class FaultTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly FailingEngine _engine = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_failed_engine_leaves_commands_undetermined_and_ends_the_store()
    {
        var region = RegionOf();
        using (var store = Open())
        {
            var peer = await store.StartAsync(region, region.Peers[0], CancellationToken.None);
            _engine.IsBroken = true;
            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Put(peer, i)));
            answers.ShouldAllBe(a => a != null && a.UndeterminedResult != null);
            (await store.Fault.Occurred).Message.ShouldContain("no space");

            // Nothing may be applied behind an entry that was not.
            _engine.IsBroken = false;
            (await Put(peer, 99)).ShouldNotBeNull();
        }

        using var again = Open();
        var recovered = await again.StartAsync(region, region.Peers[0], CancellationToken.None);
        recovered.Term.ShouldBe(2UL);
        using var value = _engine.Get(ColumnFamily.Raw, [7]);
        value.Exists.ShouldBeTrue("the log had the entry, so it takes effect after the restart");
    }

    private static Region RegionOf() => new()
    {
        Id = 1,
        RegionEpoch = new RegionEpoch { ConfVer = 1, Version = 1 },
        Peers = { new Peer { Id = 2, StoreId = 1 } },
    };

    private static async Task<Cloud.Rpc.Proto.Errorpb.Error?> Put(Cloud.Storage.Regions.RegionPeer peer, int i)
    {
        var proposal = peer.Rent();
        proposal.Command.Put(ColumnFamily.Raw, [(byte)i], [1]);
        return await peer.ProposeAsync(proposal);
    }

    private ReplicatedStore Open() =>
        new(_engine, RaftLog.Open(new RaftLogOptions { Directory = _directory.Path }), new StorageLimits());

    /// <summary>An engine in memory whose writes fail when told to, as on a full disk. Survives being closed.</summary>
    private sealed class FailingEngine : IKvEngine
    {
        private readonly MemoryEngine _inner = new();

        internal bool IsBroken { get; set; }

        public KvValue Get(ColumnFamily family, ReadOnlySpan<byte> key) => _inner.Get(family, key);

        public IKvIterator Iterate(ColumnFamily family, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper) =>
            _inner.Iterate(family, lower, upper);

        public IKvSnapshot CreateSnapshot() => _inner.CreateSnapshot();

        public IKvWriteBatch CreateBatch() => _inner.CreateBatch();

        public void Write(IKvWriteBatch batch)
        {
            if (IsBroken)
            {
                throw new EngineException("no space left on device");
            }

            _inner.Write(batch);
        }

        public void Sync() => _inner.Sync();

        public void Flush() => _inner.Flush();

        public void CreateCheckpoint(string directory) => _inner.CreateCheckpoint(directory);

        public long ApproximateBytes(ColumnFamily family, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper) =>
            _inner.ApproximateBytes(family, lower, upper);

        public void Dispose()
        {
        }
    }
}
