using Cloud.Modules.Platform;
using Microsoft.Extensions.Configuration;

namespace Cloud.ControlPlane.Tests.Platform;

public sealed class CloudSettingsTests
{
    [Theory]
    [InlineData("CLOUD_API_PORT", "many")]
    [InlineData("CLOUD_API_PORT", "70000")]
    [InlineData("CLOUD_ROLES", "api,painter")]
    [InlineData("CLOUD_SIGNUP", "maybe")]
    [InlineData("CLOUD_PUBLIC_URL", "example.com")]
    [InlineData("CLOUD_BIND_ADDRESS", "everywhere")]
    public void A_setting_that_cannot_be_used_is_named_with_its_form(string name, string value) =>
        Should.Throw<InvalidOperationException>(() => Read((name, value))).Message.ShouldStartWith($"{name} is '{value}', but must be");

    [Fact]
    public void The_issuer_is_the_public_url_unless_that_is_the_portals_own_listener()
    {
        Read(("CLOUD_API_PORT", "1234")).PublicUrl.ShouldBe("http://127.0.0.1:1234");
        Read(("CLOUD_PUBLIC_URL", "https://cloud.example.com/")).PublicUrl.ShouldBe("https://cloud.example.com");
        Read(("CLOUD_PORTAL_PORT", "99"), ("CLOUD_PUBLIC_URL", "http://localhost:99")).PublicUrl.ShouldBe("http://127.0.0.1:7400");
    }

    private static CloudSettings Read(params (string Name, string Value)[] settings) => CloudSettings.From(new ConfigurationBuilder()
        .AddInMemoryCollection(settings.ToDictionary(setting => setting.Name, setting => (string?)setting.Value)).Build());
}
