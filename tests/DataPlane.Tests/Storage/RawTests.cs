using Cloud.Codec;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Kvrpcpb;
using Google.Protobuf;
using Shouldly;
using Xunit;
using static Cloud.DataPlane.Tests.Storage.TestStore;

namespace Cloud.DataPlane.Tests.Storage;

public sealed class RawTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private TestStore _store = null!; // Set by InitializeAsync.

    public static TheoryData<APIVersion> Versions => [APIVersion.V1, APIVersion.V1Ttl, APIVersion.V2];

    public async Task InitializeAsync() => _store = await TestStore.OpenAsync(time: _time);

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task What_is_put_is_read_until_it_is_deleted(APIVersion version)
    {
        await Put(version, "a", "1");
        await Put(version, "a", "2");
        (await Get(version, "a")).ShouldBe("2");
        await _store.Call(
            TikvMethods.RawDelete, new RawDeleteRequest { Context = _store.Api(version), Key = K(version, "a") });
        (await Get(version, "a")).ShouldBe("-");
        await Put(version, "a", "");
        (await Get(version, "a")).ShouldBe("");
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Batches_write_all_and_read_what_exists(APIVersion version)
    {
        var put = await _store.Call(TikvMethods.RawBatchPut, new RawBatchPutRequest
        {
            Context = _store.Api(version),
            Pairs = { Pair(version, "a", "1"), Pair(version, "b", "2"), Pair(version, "c", "3") },
        });
        put.Error.ShouldBeEmpty();
        await _store.Call(TikvMethods.RawBatchDelete, new RawBatchDeleteRequest { Context = _store.Api(version), Keys = { K(version, "b") } });
        var got = await _store.Call(TikvMethods.RawBatchGet, new RawBatchGetRequest
        {
            Context = _store.Api(version), Keys = { K(version, "c"), K(version, "b"), K(version, "a") },
        });
        Text(version, got.Pairs).ShouldBe("c=3 a=1");
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Scans_go_forward_and_backward_within_their_bounds(APIVersion version)
    {
        foreach (var key in new[] { "a", "b", "c", "d" })
        {
            await Put(version, key, "old");
            await Put(version, key, key + key);
        }

        (await Scan(version, "b", "d")).ShouldBe("b=bb c=cc");
        (await Scan(version, "a", "", limit: 2)).ShouldBe("a=aa b=bb");
        (await Scan(version, "d", "b", reverse: true)).ShouldBe("c=cc b=bb");
        (await Scan(version, "d", "", reverse: true, limit: 1)).ShouldBe("c=cc");
        (await Scan(version, "a", "c", keyOnly: true)).ShouldBe("a= b=");
        var batch = await _store.Call(TikvMethods.RawBatchScan, new RawBatchScanRequest
        {
            Context = _store.Api(version),
            EachLimit = 1,
            Ranges = { Range(version, "a", "c"), Range(version, "c", "e") },
        });
        Text(version, batch.Kvs).ShouldBe("a=aa c=cc");
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Deleting_a_range_leaves_its_end(APIVersion version)
    {
        foreach (var key in new[] { "a", "b", "c" })
        {
            await Put(version, key, key);
        }

        await _store.Call(TikvMethods.RawDeleteRange, new RawDeleteRangeRequest
        {
            Context = _store.Api(version), StartKey = K(version, "a"), EndKey = K(version, "c"),
        });
        (await Scan(version, "a", "z")).ShouldBe("c=c");
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Compare_and_swap_succeeds_only_on_the_expected_value(APIVersion version)
    {
        (await Cas(version, expected: "x", "1")).ShouldBe((false, "-"));
        (await Cas(version, expected: null, "1")).ShouldBe((true, "-"));
        (await Cas(version, expected: null, "2")).ShouldBe((false, "1"));
        (await Cas(version, expected: "1", "2")).ShouldBe((true, "1"));
        (await Get(version, "k")).ShouldBe("2");
        (await Cas(version, expected: "2", "", delete: true)).ShouldBe((true, "2"));
        (await Get(version, "k")).ShouldBe("-");
    }

    [Fact]
    public async Task Concurrent_compare_and_swaps_count_exactly()
    {
        await Put(APIVersion.V1, "k", "0");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (var done = 0; done < 25;)
            {
                var now = await Get(APIVersion.V1, "k");
                done += (await Cas(APIVersion.V1, now, $"{int.Parse(now) + 1}")).Succeeded ? 1 : 0;
            }
        })));
        (await Get(APIVersion.V1, "k")).ShouldBe("200");
    }

    [Theory]
    [InlineData(APIVersion.V1Ttl)]
    [InlineData(APIVersion.V2)]
    public async Task Values_with_a_time_to_live_disappear(APIVersion version)
    {
        await Put(version, "a", "1", ttl: 10);
        await Put(version, "b", "2");
        (await Ttl(version, "a")).ShouldBe("10");
        (await Ttl(version, "b")).ShouldBe("0");
        (await Ttl(version, "c")).ShouldBe("-");
        _time.Advance(TimeSpan.FromSeconds(9));
        (await Get(version, "a")).ShouldBe("1");
        (await Ttl(version, "a")).ShouldBe("1");
        _time.Advance(TimeSpan.FromSeconds(1));
        (await Get(version, "a")).ShouldBe("-");
        (await Scan(version, "a", "z")).ShouldBe("b=2");
        (await Cas(version, expected: null, "3", key: "a")).ShouldBe((true, "-"));
    }

    [Fact]
    public async Task A_time_to_live_without_support_for_it_is_refused()
    {
        var response = await _store.Call(TikvMethods.RawPut, new RawPutRequest
        {
            Context = _store.Context, Key = B("a"), Value = B("1"), Ttl = 5,
        });
        response.Error.ShouldContain("ttl is not enabled");
        (await Get(APIVersion.V1, "a")).ShouldBe("-");
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_checksum_covers_keys_and_values_in_any_order(APIVersion version)
    {
        await Put(version, "b", "2");
        await Put(version, "a", "1");
        var response = await _store.Call(TikvMethods.RawChecksum, new RawChecksumRequest
        {
            Context = _store.Api(version), Ranges = { Range(version, "a", "z") },
        });
        var a = K(version, "a");
        response.TotalKvs.ShouldBe(2UL);
        response.TotalBytes.ShouldBe((ulong)(2 * (a.Length + 1)));
        response.Checksum.ShouldBe(
            Crc64.Append(Crc64.Compute(a.Span), "1"u8) ^ Crc64.Append(Crc64.Compute(K(version, "b").Span), "2"u8));
    }

    [Fact]
    public async Task The_same_bytes_in_different_modes_are_different_keys()
    {
        byte[][] keys =
            ["r\0\0\u0001k"u8.ToArray(), "x\0\0\u0001k"u8.ToArray(), "zk"u8.ToArray(), "t\0"u8.ToArray(), [0xFF, 0xFF]];
        foreach (var key in keys.Select(ByteString.CopyFrom))
        {
            foreach (var mode in Modes(key))
            {
                (await mode.Read()).ShouldBe("-", $"{mode.Name} {Convert.ToHexString(key.Span)}");
            }

            foreach (var mode in Modes(key))
            {
                await mode.Write(mode.Name);
            }

            foreach (var mode in Modes(key))
            {
                (await mode.Read()).ShouldBe(mode.Name);
            }
        }

        (await Scan(APIVersion.V1, "", "")).ShouldNotContain("v2");
        var all = await _store.Call(
            TikvMethods.RawScan, new RawScanRequest { Context = _store.Api(APIVersion.V2), Limit = 100 });
        all.Kvs.ShouldHaveSingleItem().Value.ToStringUtf8().ShouldBe("raw v2");
        await _store.Call(TikvMethods.KvDeleteRange, new DeleteRangeRequest { Context = _store.Api(APIVersion.V2) });
        await _store.Call(TikvMethods.RawDeleteRange, new RawDeleteRangeRequest { Context = _store.Context });
        var raw = Modes(ByteString.CopyFrom(keys[0]));
        (await raw.Single(m => m.Name == "raw v2").Read()).ShouldBe("raw v2");
        (await raw.Single(m => m.Name == "raw v1").Read()).ShouldBe("-");
        (await raw.Single(m => m.Name == "txn v1").Read()).ShouldBe("txn v1");
    }

    [Fact]
    public async Task Keys_of_the_wrong_mode_or_length_and_unknown_families_are_refused()
    {
        var wrong = await _store.Call(TikvMethods.RawPut, new RawPutRequest { Context = _store.Api(APIVersion.V2), Key = B("abc"), Value = B("1") });
        wrong.Error.ShouldContain("invalid key mode");
        (await _store.Call(
            TikvMethods.KvGet, new GetRequest { Context = _store.Api(APIVersion.V2), Key = B("abc"), Version = 1 }))
            .Error.Abort.ShouldContain("InvalidKeyMode");
        (await _store.Call(TikvMethods.RawPut, new RawPutRequest { Context = _store.Context, Key = ByteString.CopyFrom(new byte[8193]) }))
            .Error.ShouldContain("max key size exceeded, size: 8193, limit: 8192");
        (await _store.Call(
            TikvMethods.RawGet, new RawGetRequest { Context = _store.Context, Key = B("a"), Cf = "write" }))
            .Error.ShouldContain("invalid column family write");
    }

    [Fact]
    public async Task Values_of_several_megabytes_are_stored_and_larger_ones_refused()
    {
        var value = ByteString.CopyFrom(new byte[6 * 1024 * 1024]);
        (await _store.Call(TikvMethods.RawPut, new RawPutRequest { Context = _store.Context, Key = B("a"), Value = value })).Error.ShouldBeEmpty();
        (await _store.Call(TikvMethods.RawGet, new RawGetRequest { Context = _store.Context, Key = B("a") })).Value.Length.ShouldBe(value.Length);
        value = ByteString.CopyFrom(new byte[(6 * 1024 * 1024) + 1]);
        (await _store.Call(
            TikvMethods.RawPut, new RawPutRequest { Context = _store.Context, Key = B("a"), Value = value })).Error
            .ShouldContain("max value size exceeded");
    }

    private static ByteString K(APIVersion version, string key) =>
        version == APIVersion.V2 ? B("r\0\0\u0001" + key) : B(key);

    private static KvPair Pair(APIVersion version, string key, string value) =>
        new() { Key = K(version, key), Value = B(value) };

    private static KeyRange Range(APIVersion version, string start, string end) =>
        new() { StartKey = K(version, start), EndKey = K(version, end) };

    private static string Text(APIVersion version, IEnumerable<KvPair> pairs) => string.Join(' ', pairs.Select(p =>
        $"{p.Key.ToStringUtf8()[(version == APIVersion.V2 ? 4 : 0)..]}={p.Value.ToStringUtf8()}"));

    private async Task Put(APIVersion version, string key, string value, ulong ttl = 0)
    {
        var response = await _store.Call(TikvMethods.RawPut, new RawPutRequest
        {
            Context = _store.Api(version), Key = K(version, key), Value = B(value), Ttl = ttl,
        });
        response.Error.ShouldBeEmpty();
        response.RegionError.ShouldBeNull();
    }

    private async Task<string> Get(APIVersion version, string key)
    {
        var response = await _store.Call(
            TikvMethods.RawGet, new RawGetRequest { Context = _store.Api(version), Key = K(version, key) });
        return response.NotFound ? "-" : response.Value.ToStringUtf8();
    }

    private async Task<string> Ttl(APIVersion version, string key)
    {
        var response = await _store.Call(
            TikvMethods.RawGetKeyTtl, new RawGetKeyTTLRequest { Context = _store.Api(version), Key = K(version, key) });
        return response.NotFound ? "-" : $"{response.Ttl}";
    }

    private async Task<string> Scan(
        APIVersion version, string start, string end, uint limit = 100, bool reverse = false, bool keyOnly = false)
    {
        var response = await _store.Call(TikvMethods.RawScan, new RawScanRequest
        {
            Context = _store.Api(version), StartKey = K(version, start), EndKey = end.Length == 0
                ? ByteString.Empty
                : K(version, end),
            Limit = limit, Reverse = reverse, KeyOnly = keyOnly,
        });
        return Text(version, response.Kvs);
    }

    private async Task<(bool Succeeded, string Previous)> Cas(
        APIVersion version, string? expected, string value, bool delete = false, string key = "k")
    {
        var response = await _store.Call(TikvMethods.RawCompareAndSwap, new RawCASRequest
        {
            Context = _store.Api(version),
            Key = K(version, key),
            Value = B(value),
            PreviousNotExist = expected is null,
            PreviousValue = B(expected ?? string.Empty),
            Delete = delete,
        });
        return (response.Succeed, response.PreviousNotExist ? "-" : response.PreviousValue.ToStringUtf8());
    }

    private List<Mode> Modes(ByteString key)
    {
        var modes = new List<Mode> { Raw("raw v1", APIVersion.V1, key), Raw("raw v1ttl", APIVersion.V1Ttl, key), Txn("txn v1", APIVersion.V1, key) };
        if (key[0] == (byte)'r')
        {
            modes.Add(Raw("raw v2", APIVersion.V2, key));
        }

        if (key[0] == (byte)'x')
        {
            modes.Add(Txn("txn v2", APIVersion.V2, key));
        }

        return modes;
    }

    private Mode Raw(string name, APIVersion version, ByteString key) => new(
        name,
        async () =>
        {
            var response = await _store.Call(
                TikvMethods.RawGet, new RawGetRequest { Context = _store.Api(version), Key = key });
            return response.NotFound ? "-" : response.Value.ToStringUtf8();
        },
        async value => (await _store.Call(
            TikvMethods.RawPut, new RawPutRequest { Context = _store.Api(version), Key = key, Value = B(value) })).Error.ShouldBeEmpty());

    private Mode Txn(string name, APIVersion version, ByteString key) => new(
        name,
        async () =>
        {
            var response = await _store.Call(
                TikvMethods.KvGet, new GetRequest { Context = _store.Api(version), Key = key, Version = ulong.MaxValue });
            return response.NotFound ? "-" : response.Value.ToStringUtf8();
        },
        async value =>
        {
            var request = _store.PrewriteOf(_store.Ts(), ("k", value));
            request.Context = _store.Api(version);
            request.PrimaryLock = request.Mutations[0].Key = key;
            request.TryOnePc = true;
            (await _store.Send(request)).OnePcCommitTs.ShouldBeGreaterThan(0UL);
        });

    private sealed record Mode(string Name, Func<Task<string>> Read, Func<string, Task> Write);

    /// <summary>A wall clock that only tests move; timers run on the system's.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => _now;

        internal void Advance(TimeSpan by) => _now += by;
    }
}
