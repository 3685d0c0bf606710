using Cloud.Kernel;
using Cloud.KvClient.Regions;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Cloud.DataPlane.Tests.KvClient;

public sealed class KeyCodecTests(ITestOutputHelper output)
{
    [Fact]
    public void An_encoded_boundary_decodes_to_its_key()
    {
        foreach (var length in Enumerable.Range(1, 40))
        {
            var key = Enumerable.Range(0, length).Select(i => (byte)(i * 37)).ToArray();
            KeyCodec.DecodeBoundary(KeyCodec.Encode(key)).ShouldBe(key);
        }

        KeyCodec.DecodeBoundary([]).ShouldBeEmpty();
    }

    [Fact]
    public void Any_boundary_decodes_to_a_key_that_divides_keys_as_the_boundary_does()
    {
        const ulong seed = 9;
        output.WriteLine($"seed {seed}");
        var random = new SeededRandom(seed);
        for (var i = 0; i < 20_000; i++)
        {
            var boundary = Some(random, 1, 20);
            var decoded = KeyCodec.DecodeBoundary(boundary);
            var key = Some(random, 1, 14);
            var regionSide = KeyCodec.Encode(key).AsSpan().SequenceCompareTo(boundary) >= 0;
            var keySide = key.AsSpan().SequenceCompareTo(decoded) >= 0;
            keySide.ShouldBe(regionSide, $"boundary {Convert.ToHexString(boundary)}, key {Convert.ToHexString(key)}");
        }
    }

    private static byte[] Some(SeededRandom random, int min, int max)
    {
        var bytes = new byte[random.Next(min, max)];
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = random.Next(4) switch { 0 => 0, 1 => 0xFF, 2 => (byte)(0xF7 + random.Next(9)), _ => (byte)random.Next(256) };
        }

        return bytes;
    }
}
