using Cloud.Codec;
using Cloud.Kernel;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Codec;

public sealed class RecordTests
{
    [Fact]
    public void Timestamps_and_versioned_keys_have_the_published_layout()
    {
        var timestamp = Tso.Compose(1_700_000_000_000, 5);
        timestamp.ShouldBe(445644800000000005UL);
        Tso.PhysicalMs(timestamp).ShouldBe(1_700_000_000_000);
        Tso.Logical(timestamp).ShouldBe(5);
        var key = DataKey.WithTimestamp(DataKey.Encode(DataPrefix.V1, "abc"u8), timestamp);
        Convert.ToHexStringLower(key).ShouldBe("7a6162630000000000faf9d0c06a5ffffffa");
        Tso.ReadSuffix(key).ShouldBe(timestamp);
        DataKey.DecodeUserKey(DataKey.WithoutTimestamp(key)).ShouldBe("abc"u8.ToArray());
    }

    [Fact]
    public void Newer_versions_sort_first()
    {
        var key = DataKey.Encode(DataPrefix.V1, "k"u8);
        DataKey.WithTimestamp(key, 2).AsSpan().SequenceCompareTo(DataKey.WithTimestamp(key, 1)).ShouldBeLessThan(0);
    }

    [Fact]
    public void A_write_record_has_the_layout_of_tikv()
    {
        using var buffer = new ByteBuffer();
        new WriteRecord { Kind = WriteKind.Put, StartTimestamp = 300, HasShortValue = true, ShortValue = "hi"u8 }.WriteTo(buffer);
        Convert.ToHexStringLower(buffer.Written).ShouldBe("50ac0276026869");
        buffer.Clear();
        WriteRecord.Rollback(1, isProtected: true).WriteTo(buffer);
        Convert.ToHexStringLower(buffer.Written).ShouldBe("5201760170");
        WriteRecord.Parse(buffer.Written).IsProtectedRollback.ShouldBeTrue();
    }

    [Fact]
    public void A_lock_record_has_the_layout_of_tikv()
    {
        using var buffer = new ByteBuffer();
        new LockRecord { Kind = LockKind.Put, Primary = "pk"u8.ToArray(), StartTimestamp = 1, TtlMs = 3000, MinCommitTimestamp = 2 }
            .WriteTo(buffer);
        Convert.ToHexStringLower(buffer.Written).ShouldBe("5004706b01b817630000000000000002");
    }

    [Fact]
    public void Write_records_round_trip_with_any_combination_of_fields()
    {
        const ulong seed = 7;
        var random = new SeededRandom(seed);
        WriteKind[] kinds = [WriteKind.Put, WriteKind.Delete, WriteKind.Lock, WriteKind.Rollback];
        using var buffer = new ByteBuffer();
        for (var i = 0; i < 5_000; i++)
        {
            var value = new byte[random.Next(256)];
            random.NextBytes(value);
            var hasFence = random.Chance(0.5);
            var record = new WriteRecord
            {
                Kind = kinds[random.Next(kinds.Length)],
                StartTimestamp = random.NextUInt64(),
                HasShortValue = value.Length % 2 == 0,
                ShortValue = value.Length % 2 == 0 ? value : default,
                HasOverlappedRollback = random.Chance(0.5),
                HasGcFence = hasFence,
                GcFence = hasFence ? random.NextUInt64() : 0,
                LastChange = random.Chance(0.5)
                    ? new LastChange(random.NextUInt64(), 1 + random.NextUInt64() % 9)
                    : default,
                Source = random.Chance(0.5) ? random.NextUInt64() : 0,
            };
            buffer.Clear();
            record.WriteTo(buffer);
            var back = WriteRecord.Parse(buffer.Written);
            back.Kind.ShouldBe(record.Kind);
            back.StartTimestamp.ShouldBe(record.StartTimestamp);
            back.HasShortValue.ShouldBe(record.HasShortValue);
            back.ShortValue.SequenceEqual(record.ShortValue).ShouldBeTrue($"seed {seed}, round {i}");
            (back.HasOverlappedRollback, back.HasGcFence, back.GcFence, back.LastChange, back.Source)
                .ShouldBe((
                    record.HasOverlappedRollback, record.HasGcFence, record.GcFence, record.LastChange, record.Source));
        }
    }

    [Fact]
    public void Lock_records_round_trip_with_every_field()
    {
        var full = new LockRecord
        {
            Kind = LockKind.Put,
            Primary = new byte[300],
            StartTimestamp = ulong.MaxValue - 3,
            TtlMs = 20_000,
            ShortValue = new byte[255],
            ForUpdateTimestamp = 9,
            TransactionSize = 3,
            MinCommitTimestamp = 11,
            UsesAsyncCommit = true,
            Secondaries = new List<byte[]> { "a"u8.ToArray(), new byte[70] },
            RollbackTimestamps = new List<ulong> { 4, 5 },
            LastChange = new LastChange(8, 2),
            Source = 77,
            IsLockedWithConflict = true,
            Generation = 6,
        };
        using var buffer = new ByteBuffer();
        full.WriteTo(buffer);
        var first = buffer.ToArray();
        var back = LockRecord.Parse(first);
        back.ShouldBeEquivalentTo(full);
        buffer.Clear();
        back.WriteTo(buffer);
        buffer.ToArray().ShouldBe(first);
        var bare = full with
        {
            Kind = LockKind.Pessimistic, ShortValue = null, UsesAsyncCommit = false, Secondaries = [], RollbackTimestamps = [],
            LastChange = default, Source = 0, IsLockedWithConflict = false, Generation = 0,
        };
        buffer.Clear();
        bare.WriteTo(buffer);
        LockRecord.Parse(buffer.Written).ShouldBeEquivalentTo(bare);
    }

    [Fact]
    public void Damaged_records_are_refused_with_their_bytes()
    {
        Should.Throw<CodecException>(() => WriteRecord.Parse("P"u8));
        Should.Throw<CodecException>(() => WriteRecord.Parse("Q\u0001"u8)).Message.ShouldContain("5101");
        Should.Throw<CodecException>(() => WriteRecord.Parse("P\u0001v\u0005ab"u8));
        Should.Throw<CodecException>(() => LockRecord.Parse("H"u8));
        Should.Throw<CodecException>(() => LockRecord.Parse(default));
        Should.Throw<CodecException>(() => RawValue.ParseV2(default));
        Should.Throw<CodecException>(() => RawValue.ParseV1Ttl("short"u8));
    }

    [Fact]
    public void Raw_values_of_each_version_round_trip()
    {
        using var buffer = new ByteBuffer();
        new RawValue { UserValue = "v"u8, ExpiresAtSeconds = 100 }.WriteV1Ttl(buffer);
        Convert.ToHexStringLower(buffer.Written).ShouldBe("760000000000000064");
        RawValue.ParseV1Ttl(buffer.Written).ExpiresAtSeconds.ShouldBe(100UL);
        buffer.Clear();
        new RawValue { UserValue = "v"u8 }.WriteV2(buffer);
        Convert.ToHexStringLower(buffer.Written).ShouldBe("7600");
        buffer.Clear();
        new RawValue { UserValue = "v"u8, ExpiresAtSeconds = 100 }.WriteV2(buffer);
        Convert.ToHexStringLower(buffer.Written).ShouldBe("76000000000000006401");
        var live = RawValue.ParseV2(buffer.Written);
        live.ExistsAt(99).ShouldBeTrue();
        live.ExistsAt(100).ShouldBeFalse();
        buffer.Clear();
        new RawValue { IsDeleted = true }.WriteV2(buffer);
        RawValue.ParseV2(buffer.Written).ExistsAt(0).ShouldBeFalse();
    }

    [Fact]
    public void Varints_refuse_more_than_64_bits()
    {
        Varint.Read(Convert.FromHexString("ffffffffffffffffff01"), out var max).ShouldBe(10);
        max.ShouldBe(ulong.MaxValue);
        Varint.Read(Convert.FromHexString("ffffffffffffffffff02"), out _).ShouldBe(0);
        Varint.Read(Convert.FromHexString("ff"), out _).ShouldBe(0);
    }
}
