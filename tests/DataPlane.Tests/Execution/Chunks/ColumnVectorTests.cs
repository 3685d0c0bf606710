using System.Buffers;
using Cloud.Execution.Chunks;
using Cloud.Execution.Types;
using Cloud.Kernel;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Execution.Chunks;

public sealed class ColumnVectorTests
{
    public static TheoryData<VectorKind> Kinds => [.. Enum.GetValues<VectorKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_column_behaves_as_a_list_of_values(VectorKind kind)
    {
        var random = new SeededRandom(1);
        using var column = new ColumnVector(kind);
        using var copy = new ColumnVector(kind);
        for (var round = 0; round < 20; round++)
        {
            var model = Fill(column, random, random.Next(Chunk.RowsMax + 1));
            Read(column).ShouldBe(model);
            column.NullCount.ShouldBe(model.Count(v => v is null));

            var picked = Enumerable.Range(0, model.Count).Where(_ => random.Chance(0.5)).ToArray();
            copy.Reset();
            copy.AppendFrom(column, picked);
            Read(copy).ShouldBe(picked.Select(i => model[i]));

            copy.Truncate(copy.Count / 2);
            Read(copy).ShouldBe(picked.Take(picked.Length / 2).Select(i => model[i]));
            column.Reset();
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_column_survives_the_wire(VectorKind kind)
    {
        var random = new SeededRandom(2);
        using var column = new ColumnVector(kind);
        using var received = new ColumnVector(kind);
        foreach (var count in new[] { 0, 1, 7, 8, 9, Chunk.RowsMax })
        {
            column.Reset();
            var model = Fill(column, random, count);
            var output = new ArrayBufferWriter<byte>();
            ColumnCodec.Encode(column, output);
            ColumnCodec.Decode(output.WrittenSpan, received).ShouldBe(output.WrittenCount);
            Read(received).ShouldBe(model);
            for (var cut = 0; cut < Math.Min(output.WrittenCount, 200); cut++)
            {
                ColumnCodec.Decode(output.WrittenSpan[..cut], received).ShouldBe(0, $"{cut} of {output.WrittenCount} bytes");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Garbage_from_the_wire_is_refused_or_read_within_bounds(VectorKind kind)
    {
        var random = new SeededRandom(3);
        using var column = new ColumnVector(kind);
        using var sent = new ColumnVector(kind);
        for (var round = 0; round < 500; round++)
        {
            sent.Reset();
            Fill(sent, random, 20);
            var output = new ArrayBufferWriter<byte>();
            ColumnCodec.Encode(sent, output);
            var bytes = output.WrittenSpan.ToArray();
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            if (ColumnCodec.Decode(bytes, column) != 0)
            {
                Read(column).Count.ShouldBe(column.Count);
            }
        }
    }

    [Fact]
    public void Values_are_written_in_place_after_a_resize()
    {
        using var column = new ColumnVector(VectorKind.Int64);
        var values = column.ResizeFixed<long>(11);
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = i;
        }

        column.SetNull(3);
        column.SetNull(3);
        column.NullCount.ShouldBe(1);
        column.IsNull(3).ShouldBeTrue();
        column.Int64s[3].ShouldBe(0);
        column.Int64s[10].ShouldBe(10);
        Should.Throw<InvariantViolatedException>(() => column.Append(1.5));
        Should.Throw<InvariantViolatedException>(() => column.IsNull(11));
    }

    [Fact]
    public void A_chunk_is_narrowed_by_its_selection_and_compacted()
    {
        using var chunk = new Chunk([VectorKind.Int64, VectorKind.Bytes]);
        for (var i = 0; i < 10; i++)
        {
            chunk[0].Append(i);
            chunk[1].Append("row"u8);
        }

        chunk.Select([1, 4, 9]);
        chunk.RowCount.ShouldBe(3);
        chunk.RowAt(1).ShouldBe(4);
        using var compact = new Chunk([VectorKind.Int64, VectorKind.Bytes]);
        chunk.Compact(compact);
        compact[0].Int64s.ToArray().ShouldBe([1L, 4, 9]);
        compact.HasSelection.ShouldBeFalse();

        var types = new[] { FieldType.BigInt, FieldType.VarChar() };
        var pool = new ChunkPool();
        pool.Return(pool.Rent(types));
        var again = pool.Rent(types);
        again.PhysicalRows.ShouldBe(0);
        again[1].Kind.ShouldBe(VectorKind.Bytes);
    }

    [Fact]
    public void Appending_to_a_reused_column_allocates_nothing()
    {
        using var column = new ColumnVector(VectorKind.Decimal);
        using var text = new ColumnVector(VectorKind.Bytes);
        Append(column, text);
        Append(column, text);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Append(column, text);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);

        static void Append(ColumnVector column, ColumnVector text)
        {
            column.Reset();
            text.Reset();
            for (var i = 0; i < Chunk.RowsMax; i++)
            {
                column.Append((MySqlDecimal)i);
                text.Append("some text"u8);
            }
        }
    }

    private static List<object?> Fill(ColumnVector column, SeededRandom random, int count)
    {
        var model = new List<object?>();
        for (var i = 0; i < count; i++)
        {
            if (random.Chance(0.2))
            {
                column.AppendNull();
                model.Add(null);
                continue;
            }

            switch (column.Kind)
            {
                case VectorKind.Int64:
                    Add(random.Next(1000) - 500L, column.Append);
                    break;
                case VectorKind.UInt64:
                    Add(random.NextUInt64(), column.Append);
                    break;
                case VectorKind.Float64:
                    Add(random.NextDouble(), column.Append);
                    break;
                case VectorKind.Float32:
                    Add((float)random.NextDouble(), column.Append);
                    break;
                case VectorKind.Decimal:
                    Add(MySqlDecimal.Create(random.NextUInt64(), random.Next(20), random.Chance(0.5)), v => column.Append(v));
                    break;
                case VectorKind.Time:
                    Add(PackedTime.FromDayNumber(random.Next(400, 3_000_000)), column.Append);
                    break;
                case VectorKind.Duration:
                    Add(new MySqlDuration(random.Next(1_000_000)), column.Append);
                    break;
                default:
                    Add(new string('x', random.Next(9)), v => column.Append(System.Text.Encoding.UTF8.GetBytes(v)));
                    break;
            }
        }

        return model;

        void Add<T>(T value, Action<T> append)
        {
            append(value);
            model.Add(value);
        }
    }

    private static List<object?> Read(ColumnVector column)
    {
        var values = new List<object?>();
        for (var i = 0; i < column.Count; i++)
        {
            values.Add(column.IsNull(i) ? null : column.Kind switch
            {
                VectorKind.Int64 => column.Int64s[i],
                VectorKind.UInt64 => column.UInt64s[i],
                VectorKind.Float64 => column.Float64s[i],
                VectorKind.Float32 => column.Float32s[i],
                VectorKind.Decimal => column.Decimals[i],
                VectorKind.Time => column.Times[i],
                VectorKind.Duration => column.Durations[i],
                _ => System.Text.Encoding.UTF8.GetString(column.Bytes(i)),
            });
        }

        return values;
    }
}
