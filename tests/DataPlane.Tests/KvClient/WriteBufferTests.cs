using System.Globalization;
using Cloud.Kernel;
using Cloud.KvClient.Transactions;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Cloud.DataPlane.Tests.KvClient;

public sealed class WriteBufferTests(ITestOutputHelper output)
{
    [Fact]
    public void An_insert_that_is_overwritten_still_must_not_exist()
    {
        var buffer = new WriteBuffer();
        buffer.TryInsert(Key(1), [1]).ShouldBeTrue();
        buffer.Put(Key(1), [2]);
        Find(buffer, 1).ShouldBe((WriteKind.Insert, 2));
        buffer.TryInsert(Key(1), [3]).ShouldBeFalse("this transaction wrote a value there");
    }

    [Fact]
    public void An_insert_that_is_deleted_leaves_a_check_behind()
    {
        var buffer = new WriteBuffer();
        buffer.TryInsert(Key(1), [1]).ShouldBeTrue();
        buffer.Delete(Key(1));
        Find(buffer, 1).Kind.ShouldBe(WriteKind.MustNotExist);
        buffer.TryInsert(Key(1), [3]).ShouldBeTrue();
        Find(buffer, 1).Kind.ShouldBe(WriteKind.Insert);
    }

    [Fact]
    public void An_insert_where_this_transaction_deleted_is_a_put()
    {
        var buffer = new WriteBuffer();
        buffer.Delete(Key(1));
        buffer.TryInsert(Key(1), [1]).ShouldBeTrue();
        Find(buffer, 1).Kind.ShouldBe(WriteKind.Put);
    }

    [Fact]
    public void A_lock_gives_way_to_a_write_and_not_the_other_way_around()
    {
        var buffer = new WriteBuffer();
        buffer.Lock(Key(1));
        buffer.Put(Key(1), [1]);
        buffer.Lock(Key(1));
        Find(buffer, 1).Kind.ShouldBe(WriteKind.Put);
    }

    [Fact]
    public void Savepoints_bring_back_exactly_what_was_there()
    {
        const ulong seed = 11;
        output.WriteLine($"seed {seed}");
        var random = new SeededRandom(seed);
        for (var history = 0; history < 200; history++)
        {
            var buffer = new WriteBuffer();
            var marks = new Stack<(int Savepoint, string State)>();
            for (var step = 0; step < 60; step++)
            {
                var key = Key(random.Next(6));
                switch (random.Next(8))
                {
                    case 0: marks.Push((buffer.Savepoint(), Dump(buffer))); break;
                    case 1 when marks.TryPop(out var mark):
                        buffer.RollbackTo(mark.Savepoint);
                        Dump(buffer).ShouldBe(mark.State);
                        break;
                    case 2 or 3: buffer.Delete(key); break;
                    case 4: buffer.TryInsert(key, [(byte)step]); break;
                    case 5: buffer.Lock(key); break;
                    default: buffer.Put(key, [(byte)step]); break;
                }
            }
        }
    }

    private static byte[] Key(int number) => [(byte)'k', (byte)number];

    private static (WriteKind Kind, int Value) Find(WriteBuffer buffer, int key)
    {
        buffer.TryGet(Key(key), out var write).ShouldBeTrue();
        return (write.Kind, write.Value.FirstOrDefault());
    }

    private static string Dump(WriteBuffer buffer) => string.Create(
        CultureInfo.InvariantCulture,
        $"{buffer.Bytes} {string.Join(' ', buffer.All.Select(write => $"{write.Key[1]}:{write.Kind}:{write.Value.FirstOrDefault()}"))}");
}
