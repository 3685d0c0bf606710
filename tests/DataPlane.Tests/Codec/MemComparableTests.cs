using Cloud.Codec;
using Cloud.Kernel;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Codec;

public sealed class MemComparableTests
{
    [Theory]
    [InlineData("", "0000000000000000f7")]
    [InlineData("616263", "6162630000000000fa")]
    [InlineData("6162636465666768", "6162636465666768ff0000000000000000f7")]
    [InlineData("00ff", "00ff000000000000f9")]
    [InlineData("78000001616263", "7800000161626300fe")]
    public void Encoding_gives_the_published_vectors(string plain, string encoded)
    {
        Convert.ToHexStringLower(MemComparable.Encode(Convert.FromHexString(plain))).ShouldBe(encoded);
        MemComparable.TryDecode(
            Convert.FromHexString(encoded + "abcd"), out var decoded, out var consumed).ShouldBeTrue();
        Convert.ToHexStringLower(decoded!).ShouldBe(plain);
        consumed.ShouldBe(encoded.Length / 2);
    }

    [Fact]
    public void Order_and_round_trip_hold_for_random_strings()
    {
        const ulong seed = 20_261_120;
        var random = new SeededRandom(seed);
        for (var i = 0; i < 20_000; i++)
        {
            var left = RandomKey(random);
            var right = random.Chance(0.3) ? [.. left, .. RandomKey(random)] : RandomKey(random);
            var encodedLeft = MemComparable.Encode(left);
            var encodedRight = MemComparable.Encode(right);
            Math.Sign(encodedLeft.AsSpan().SequenceCompareTo(encodedRight))
                .ShouldBe(Math.Sign(left.AsSpan().SequenceCompareTo(right)), $"seed {seed}, round {i}");

            var descending = new byte[encodedLeft.Length];
            MemComparable.EncodeDescending(left, descending);
            var descendingRight = new byte[encodedRight.Length];
            MemComparable.EncodeDescending(right, descendingRight);
            Math.Sign(descending.AsSpan().SequenceCompareTo(descendingRight))
                .ShouldBe(-Math.Sign(left.AsSpan().SequenceCompareTo(right)), $"seed {seed}, round {i}");

            var back = new byte[left.Length];
            MemComparable.TryDecode(encodedLeft, back, out var consumed, out var written).ShouldBeTrue();
            (consumed, written).ShouldBe((encodedLeft.Length, left.Length));
            back.ShouldBe(left);
            MemComparable.TryDecodeDescending(descending, back, out _, out _).ShouldBeTrue();
            back.ShouldBe(left);
            MemComparable.EncodedSpan(encodedLeft).ShouldBe(encodedLeft.Length);
        }
    }

    [Fact]
    public void Decoding_works_in_place()
    {
        var buffer = MemComparable.Encode("the quick brown fox"u8);
        MemComparable.TryDecode(buffer, buffer, out _, out var written).ShouldBeTrue();
        buffer.AsSpan(0, written).SequenceEqual("the quick brown fox"u8).ShouldBeTrue();
    }

    [Theory]
    [InlineData("")]
    [InlineData("61626300000000")]
    [InlineData("6162636465666768ff")]
    [InlineData("6162630000000000f6")]
    [InlineData("6162630000000100fa")]
    public void Truncated_and_damaged_encodings_are_refused(string encoded)
    {
        MemComparable.TryDecode(Convert.FromHexString(encoded), out var decoded, out _).ShouldBeFalse();
        decoded.ShouldBeNull();
    }

    private static byte[] RandomKey(SeededRandom random)
    {
        var key = new byte[random.Next(0, 26)];
        random.NextBytes(key);
        if (random.Chance(0.5))
        {
            for (var i = 0; i < key.Length; i++)
            {
                key[i] = (byte)(key[i] % 3 == 0 ? 0 : key[i] % 3 == 1 ? 0xFF : 1);
            }
        }

        return key;
    }
}
