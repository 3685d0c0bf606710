using System.Globalization;
using Cloud.Engine;
using Cloud.Engine.Log;
using Cloud.Kernel;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Engine;

public sealed class RaftLogTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Entries_of_several_regions_are_there_after_reopening()
    {
        using (var log = Open())
        {
            for (ulong i = 1; i <= 50; i++)
            {
                await AppendAsync(log, 1, i, $"one {i}");
                await AppendAsync(log, 2, i, $"two {i}");
            }

            log.Range(1).ShouldBe((1UL, 50UL));
        }

        using var reopened = Open();
        reopened.Range(1).ShouldBe((1UL, 50UL));
        reopened.Range(2).ShouldBe((1UL, 50UL));
        reopened.Range(3).ShouldBe((1UL, 0UL));
        var entry = reopened.Read(2, 17);
        (entry.Index, entry.Term, KvEngineContract.Text(entry.Payload)).ShouldBe((17UL, 1UL, "two 17"));
    }

    [Fact]
    public async Task Submissions_share_syncs_and_become_durable_in_order()
    {
        using var log = Open();
        var order = new List<ulong>();
        var writes = Enumerable.Range(1, 500).Select(i => new TestWrite(1, (ulong)i, 1, [1, 2, 3], order)).ToList();
        foreach (var write in writes)
        {
            log.Submit(write);
        }

        await Task.WhenAll(writes.Select(w => w.Done));
        order.ShouldBe(Enumerable.Range(1, 500).Select(i => (ulong)i));
        log.Syncs.ShouldBeLessThan(100);
    }

    [Fact]
    public async Task A_rewritten_index_replaces_that_entry_and_those_after_it()
    {
        using (var log = Open())
        {
            for (ulong i = 1; i <= 5; i++)
            {
                await AppendAsync(log, 1, i, "old");
            }

            await AppendAsync(log, 1, 3, "new", term: 2);
        }

        using var reopened = Open();
        reopened.Range(1).ShouldBe((1UL, 3UL));
        reopened.Read(1, 3).Term.ShouldBe(2UL);
    }

    [Fact]
    public async Task Whatever_the_length_a_torn_tail_is_cut_off_and_synced_entries_stay()
    {
        const ulong seed = 3;
        var random = new SeededRandom(seed);
        var file = Path.Combine(_directory.Path, "00000000000000000001.log");
        long synced;
        using (var log = Open())
        {
            for (ulong i = 1; i <= 20; i++)
            {
                await AppendAsync(log, 1, i, $"entry {i}");
            }

            synced = new FileInfo(file).Length;
            await AppendAsync(log, 1, 21, "the entry that is torn");
        }

        var whole = await File.ReadAllBytesAsync(file);
        for (var round = 0; round < 200; round++)
        {
            var torn = whole.AsSpan(0, random.Next((int)synced, whole.Length)).ToArray();
            for (var i = (int)synced; i < torn.Length; i++)
            {
                torn[i] = random.Chance(0.05) ? (byte)0 : torn[i];
            }

            await File.WriteAllBytesAsync(file, torn);
            using (var log = Open())
            {
                log.Range(1).ShouldBe((1UL, 20UL), $"seed {seed}, round {round}, length {torn.Length}");
                log.CutBytes.ShouldBe(torn.Length - synced);
                await AppendAsync(log, 1, 21, "again");
            }

            using var reopened = Open();
            KvEngineContract.Text(reopened.Read(1, 21).Payload).ShouldBe("again");
        }
    }

    [Fact]
    public async Task Damage_in_the_middle_is_refused_and_nothing_is_changed()
    {
        const ulong seed = 4;
        var random = new SeededRandom(seed);
        var file = Path.Combine(_directory.Path, "00000000000000000001.log");
        long beforeLast = 0;
        using (var log = Open())
        {
            for (ulong i = 1; i <= 20; i++)
            {
                beforeLast = new FileInfo(file).Length;
                await AppendAsync(log, 1, i, $"entry {i}");
            }
        }

        var whole = await File.ReadAllBytesAsync(file);
        for (var round = 0; round < 200; round++)
        {
            var damaged = (byte[])whole.Clone();
            var at = random.Next(LogFormat.SegmentHeaderBytes, (int)beforeLast);
            damaged[at] ^= (byte)(1 << random.Next(8));
            await File.WriteAllBytesAsync(file, damaged);
            var error = Should.Throw<EngineException>(() => Open().Dispose(), $"seed {seed}, round {round}, byte {at}");
            error.Message.ShouldContain(file);
            error.Message.ShouldContain("damaged");
            (await File.ReadAllBytesAsync(file)).ShouldBe(damaged);
        }
    }

    [Fact]
    public async Task Purging_frees_files_and_keeps_the_hard_state_and_later_entries()
    {
        using (var log = Open(segmentBytes: 2048))
        {
            await log.SetHardStateAsync(1, new LogHardState(7, 3, 0));
            await log.SetHardStateAsync(2, new LogHardState(9, 3, 0));
            for (ulong i = 1; i <= 100; i++)
            {
                await AppendAsync(log, 1, i, new string('x', 100));
            }

            var before = Directory.GetFiles(_directory.Path).Length;
            before.ShouldBeGreaterThan(4);
            await log.PurgeAsync(1, 90);
            Directory.GetFiles(_directory.Path).Length.ShouldBeLessThan(before - 3);
            log.Range(1).ShouldBe((91UL, 100UL));
        }

        using var reopened = Open(segmentBytes: 2048);
        reopened.Range(1).ShouldBe((91UL, 100UL));
        reopened.HardState(1).ShouldBe(new LogHardState(7, 3, 0));
        reopened.HardState(2).ShouldBe(new LogHardState(9, 3, 0));
        await reopened.PurgeAsync(1, 100);
        reopened.Range(1).ShouldBe((101UL, 100UL));
        await AppendAsync(reopened, 1, 101, "next");
    }

    [Fact]
    public async Task A_missing_file_in_the_middle_is_refused()
    {
        using (var log = Open(segmentBytes: 1024))
        {
            for (ulong i = 1; i <= 50; i++)
            {
                await AppendAsync(log, 1, i, new string('x', 100));
            }
        }

        File.Delete(Path.Combine(_directory.Path, "00000000000000000002.log"));
        Should.Throw<EngineException>(() => Open().Dispose()).Message.ShouldContain("missing");
    }

    [Fact]
    public async Task A_file_whose_creation_was_interrupted_is_removed()
    {
        using (var log = Open())
        {
            await AppendAsync(log, 1, 1, "kept");
        }

        await File.WriteAllBytesAsync(Path.Combine(_directory.Path, "00000000000000000002.log"), new byte[10]);
        using var reopened = Open();
        reopened.Range(1).ShouldBe((1UL, 1UL));
        await AppendAsync(reopened, 1, 2, "next");
    }

    [Fact]
    public async Task Another_format_version_is_refused_by_number()
    {
        using (var log = Open())
        {
            await AppendAsync(log, 1, 1, "x");
        }

        var file = Path.Combine(_directory.Path, "00000000000000000001.log");
        var bytes = await File.ReadAllBytesAsync(file);
        bytes[8] = 9;
        await File.WriteAllBytesAsync(file, bytes);
        Should.Throw<EngineException>(() => Open().Dispose()).Message.ShouldContain("log format 9");
    }

    [Fact]
    public async Task Submissions_after_the_end_fail()
    {
        var log = Open();
        log.Dispose();
        await Should.ThrowAsync<ObjectDisposedException>(() => AppendAsync(log, 1, 1, "late"));
    }

    private static Task AppendAsync(RaftLog log, ulong region, ulong index, string payload, ulong term = 1)
    {
        var write = new TestWrite(region, index, term, KvEngineContract.Bytes(payload), []);
        log.Submit(write);
        return write.Done;
    }

    private RaftLog Open(long segmentBytes = 16 * 1024 * 1024) =>
        RaftLog.Open(new RaftLogOptions { Directory = _directory.Path, SegmentBytes = segmentBytes });

    private sealed class TestWrite : LogWrite
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly byte[] _payload;
        private readonly List<ulong> _order;

        internal TestWrite(ulong region, ulong index, ulong term, byte[] payload, List<ulong> order)
        {
            RegionId = region;
            Index = index;
            Term = term;
            _payload = payload;
            _order = order;
        }

        public override ReadOnlySpan<byte> Payload => _payload;

        internal Task Done => _done.Task;

        public override void OnDurable()
        {
            _order.Add(Index);
            _done.SetResult();
        }

        public override void OnFailed(Exception error) => _done.SetException(error);

        public override string ToString() => Index.ToString(CultureInfo.InvariantCulture);
    }
}
