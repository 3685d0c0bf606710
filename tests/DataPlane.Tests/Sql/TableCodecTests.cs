using System.Text;
using Cloud.Codec;
using Cloud.Codec.Tables;
using Cloud.Kernel;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Sql;

public sealed class TableCodecTests
{
    [Fact]
    public void Keys_of_rows_and_indexes_have_the_known_bytes()
    {
        Convert.ToHexStringLower(TableKeys.Row(45, 7)).ShouldBe("74800000000000002d5f728000000000000007");
        Convert.ToHexStringLower(TableKeys.IndexPrefix(45, 1)).ShouldBe("74800000000000002d5f698000000000000001");
        Convert.ToHexStringLower(TableKeys.PrefixEnd([1, 0xFF, 0xFF])).ShouldBe("02");
        TableKeys.PrefixEnd([0xFF]).ShouldBeEmpty();
    }

    [Fact]
    public void A_row_has_the_known_bytes()
    {
        using var row = new RowWriter();
        row.Begin();
        row.AddBytes(2, "ab"u8);
        row.AddInt64(1, 300);
        row.AddNull(3);
        Convert.ToHexStringLower(row.ToArray()).ShouldBe("8000020001000102030200040 02c016162".Replace(" ", string.Empty));
    }

    [Fact]
    public void Rows_give_back_what_was_put_in_small_and_big()
    {
        var random = new SeededRandom(1);
        using var writer = new RowWriter();
        for (var round = 0; round < 200; round++)
        {
            writer.Begin();
            var values = new Dictionary<uint, byte[]?>();
            var big = random.Chance(0.3);
            for (var i = random.Next(20); i >= 0; i--)
            {
                var id = (uint)random.Next(1, big ? 5000 : 256);
                if (values.ContainsKey(id))
                {
                    continue;
                }

                byte[]? value = random.Chance(0.2) ? null : new byte[random.Next(big ? 9000 : 40)];
                random.NextBytes(value);
                values.Add(id, value);
                if (value is null)
                {
                    writer.AddNull(id);
                }
                else
                {
                    writer.AddBytes(id, value);
                }
            }

            var reader = new RowReader(writer.ToArray());
            foreach (var (id, value) in values)
            {
                reader.Find(id, out var found).ShouldBe(value is null ? RowColumn.Null : RowColumn.Present);
                found.SequenceEqual(value).ShouldBeTrue();
            }

            reader.Find(100_000, out _).ShouldBe(RowColumn.Absent);
        }
    }

    [Fact]
    public void Datums_in_keys_sort_as_their_values_do()
    {
        var random = new SeededRandom(2);
        for (var i = 0; i < 2000; i++)
        {
            var (a, b) = ((long)random.NextUInt64() >> random.Next(64), (long)random.NextUInt64() >> random.Next(64));
            Order(buffer => KeyDatum.WriteInt64(buffer, a), buffer => KeyDatum.WriteInt64(buffer, b)).ShouldBe(a.CompareTo(b));
            var (x, y) = ((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-20, 20)), (random.NextDouble() - 0.5) * 100);
            Order(buffer => KeyDatum.WriteDouble(buffer, x), buffer => KeyDatum.WriteDouble(buffer, y)).ShouldBe(x.CompareTo(y));
            var (s, t) = (Text(random), Text(random));
            Order(buffer => KeyDatum.WriteBytes(buffer, s), buffer => KeyDatum.WriteBytes(buffer, t)).ShouldBe(Math.Sign(s.AsSpan().SequenceCompareTo(t)));
        }

        Order(KeyDatum.WriteNull, buffer => KeyDatum.WriteBytes(buffer, [])).ShouldBe(-1);
    }

    [Fact]
    public void Malformed_rows_are_refused()
    {
        Should.Throw<CodecException>(() => new RowReader([1, 2, 3]).Find(1, out _));
        Should.Throw<CodecException>(() => new RowReader([128, 0, 255, 255, 0, 0]).Find(1, out _));
        Should.Throw<CodecException>(() => new RowReader([128, 0, 1, 0, 0, 0, 1, 9, 0]).Find(1, out _));
        Should.Throw<CodecException>(() => RowReader.ReadInt64([1, 2, 3]));
        Should.Throw<CodecException>(() => IndexValue.HandleOf([1, 2, 3]));
    }

    private static byte[] Text(SeededRandom random) => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, random.Next(20)).Select(_ => (char)('a' + random.Next(2)))));

    private static int Order(Action<ByteBuffer> left, Action<ByteBuffer> right)
    {
        using var a = new ByteBuffer();
        using var b = new ByteBuffer();
        left(a);
        right(b);
        return Math.Sign(a.Written.SequenceCompareTo(b.Written));
    }
}
