using System.Buffers;
using System.Text;
using Cloud.Execution.Types;
using Cloud.Kernel;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Execution.Types;

public sealed class CollationTests
{
    private const string Sample = "aAbBzZ09 _-äÄöÖåÅéÉßñçøØæλΛжЖйЙ漢字ハパ한국😀\u0301\t~";

    [Theory]
    [InlineData("utf8mb4_0900_ai_ci", "résumé", "RESUME", 0)]
    [InlineData("utf8mb4_0900_ai_ci", "ß", "ss", 0)]
    [InlineData("utf8mb4_0900_ai_ci", "a", "a ", -1)]
    [InlineData("utf8mb4_0900_ai_ci", "한", "\u1112\u1161\u11AB", 0)]
    [InlineData("utf8mb4_0900_ai_ci", "a", "B", -1)]
    [InlineData("utf8mb4_general_ci", "résumé", "RESUME", 0)]
    [InlineData("utf8mb4_general_ci", "ß", "s", 0)]
    [InlineData("utf8mb4_general_ci", "й", "и", 1)]
    [InlineData("utf8mb4_general_ci", "a", "a  ", 0)]
    [InlineData("utf8mb4_unicode_ci", "ä", "A", 0)]
    [InlineData("utf8mb4_bin", "a", "A", 1)]
    [InlineData("utf8mb4_bin", "a", "a ", 0)]
    [InlineData("binary", "a", "a ", -1)]
    [InlineData("latin1_swedish_ci", "å", "z", 1)]
    [InlineData("latin1_swedish_ci", "é", "E", 0)]
    [InlineData("ascii_general_ci", "a", "A", 0)]
    public void Strings_compare_as_in_MySQL(string name, string left, string right, int expected)
    {
        Collation.TryGet(name, out var collation).ShouldBeTrue();
        Math.Sign(collation!.Compare(Encoding.UTF8.GetBytes(left), Encoding.UTF8.GetBytes(right))).ShouldBe(expected);
    }

    [Fact]
    public void Compare_equality_hash_and_sort_key_agree_in_every_collation()
    {
        var random = new SeededRandom(1);
        foreach (var collation in Collation.All)
        {
            for (var i = 0; i < 3_000; i++)
            {
                var (left, right) = (Text(random), Text(random));
                var order = Math.Sign(collation.Compare(left, right));
                order.ShouldBe(-Math.Sign(collation.Compare(right, left)));
                collation.AreEqual(left, right).ShouldBe(order == 0);
                Math.Sign(SortKey(collation, left).AsSpan().SequenceCompareTo(SortKey(collation, right))).ShouldBe(order, collation.Name);
                if (order == 0)
                {
                    collation.Hash(left).ShouldBe(collation.Hash(right));
                }
            }
        }
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_are_compared_without_failing()
    {
        var random = new SeededRandom(2);
        foreach (var collation in Collation.All)
        {
            for (var i = 0; i < 2_000; i++)
            {
                var bytes = new byte[random.Next(6)];
                random.NextBytes(bytes);
                var other = new byte[random.Next(6)];
                random.NextBytes(other);
                Math.Sign(SortKey(collation, bytes).AsSpan().SequenceCompareTo(SortKey(collation, other)))
                    .ShouldBe(Math.Sign(collation.Compare(bytes, other)), $"{collation.Name} {Convert.ToHexString(bytes)} {Convert.ToHexString(other)}");
            }
        }
    }

    [Fact]
    public void Names_and_character_sets_are_found_without_regard_to_case()
    {
        Collation.TryGet("UTF8_GENERAL_CI", out var utf8).ShouldBeTrue();
        utf8!.Name.ShouldBe("utf8mb3_general_ci");
        Collation.TryGetDefaultOf("utf8MB4", out var standard).ShouldBeTrue();
        standard!.Id.ShouldBe(Collation.DefaultId);
        Collation.TryGet("klingon_ci", out _).ShouldBeFalse();
        Collation.All.GroupBy(c => c.Charset).ShouldAllBe(g => g.Count(c => c.IsDefault) == 1);
    }

    private static byte[] Text(SeededRandom random)
    {
        var runes = Sample.EnumerateRunes().ToArray();
        var text = new StringBuilder();
        for (var length = random.Next(4); length > 0; length--)
        {
            text.Append(runes[random.Next(runes.Length)]);
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static byte[] SortKey(Collation collation, byte[] value)
    {
        var output = new ArrayBufferWriter<byte>();
        collation.AppendSortKey(value, output);
        return output.WrittenSpan.ToArray();
    }
}
