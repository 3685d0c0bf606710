using System.Security.Cryptography;
using Cloud.Modules.Platform;
using Cloud.Modules.Platform.Secrets;
using Cloud.TestKit;
using Microsoft.Extensions.Configuration;

namespace Cloud.ControlPlane.Tests.Platform;

public sealed class SecretSealerTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    [Fact]
    public void What_was_sealed_opens_for_its_purpose_alone_and_only_unchanged()
    {
        var sealer = Sealer();
        var sealedBytes = sealer.Seal("one", "hello"u8);
        sealer.Open("one", sealedBytes).ShouldBe("hello"u8.ToArray());
        sealer.Seal("one", "hello"u8).ShouldNotBe(sealedBytes);
        Should.Throw<CryptographicException>(() => sealer.Open("other", sealedBytes));
        sealedBytes[^1] ^= 1;
        Should.Throw<CryptographicException>(() => sealer.Open("one", sealedBytes));
    }

    [Fact]
    public void After_a_new_key_was_added_old_secrets_still_open_and_new_ones_use_it()
    {
        var before = Sealer().Seal("p", "old"u8);
        var file = Path.Combine(_home.Path, "secrets", "master.key");
        File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Keys().Rotate().ShouldBe(file);
        File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);

        var rotated = Sealer();
        rotated.Open("p", before).ShouldBe("old"u8.ToArray());
        rotated.Seal("p", "new"u8)[1..5].ShouldNotBe(before[1..5]);
    }

    public void Dispose() => _home.Dispose();

    private SecretSealer Sealer() => new(Keys());

    private MasterKeys Keys() => new(CloudSettings.From(new ConfigurationBuilder()
        .AddInMemoryCollection(new Dictionary<string, string?> { ["CLOUD_HOME"] = _home.Path }).Build()));
}
