using Cloud.Codec;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Codec;

public sealed class ChecksumTests
{
    [Fact]
    public void Crc32C_gives_the_vectors_of_the_rfc()
    {
        Crc32C.Compute(new byte[32]).ShouldBe(0x8A9136AAu);
        Crc32C.Compute(Enumerable.Repeat((byte)0xFF, 32).ToArray()).ShouldBe(0x62A8AB43u);
        Crc32C.Compute(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()).ShouldBe(0x46DD794Eu);
        Crc32C.Compute("123456789"u8).ShouldBe(0xE3069283u);
    }

    [Fact]
    public void Crc64_gives_the_check_value_of_the_xz_format() =>
        Crc64.Compute("123456789"u8).ShouldBe(0x995DC9BBDF1939FAUL);

    [Fact]
    public void Checksums_can_be_continued()
    {
        var text = "a checksum in two parts is the checksum of the whole"u8;
        for (var cut = 0; cut <= text.Length; cut++)
        {
            Crc32C.Append(Crc32C.Compute(text[..cut]), text[cut..]).ShouldBe(Crc32C.Compute(text));
            Crc64.Append(Crc64.Compute(text[..cut]), text[cut..]).ShouldBe(Crc64.Compute(text));
        }
    }
}
