using Cloud.Portal.Hosting;
using Cloud.Portal.Session;
using Shouldly;
using Xunit;

namespace Cloud.Portal.Tests.Hosting;

public sealed class PortalSettingsTests
{
    [Fact]
    public void Nothing_needs_to_be_set()
    {
        var settings = PortalSettings.From(_ => null).Value;

        settings.Port.ShouldBe(7401);
        settings.ApiUrl.ShouldBe(new Uri("http://127.0.0.1:7400"));
        settings.PublicUrl.ShouldBe(new Uri("http://localhost:7401"));
        settings.IsSecure.ShouldBeFalse();
    }

    [Theory]
    [InlineData("CLOUD_PORTAL_PORT", "70000")]
    [InlineData("CLOUD_PORTAL_PORT", "+80")]
    [InlineData("CLOUD_API_URL", "ftp://host")]
    [InlineData("CLOUD_API_URL", "not a url")]
    [InlineData("CLOUD_PUBLIC_URL", "/relative")]
    [InlineData("CLOUD_INSTANCE_ID", "a;b")]
    public void A_bad_setting_is_named_with_its_value(string name, string value)
    {
        var outcome = PortalSettings.From(asked => asked == name ? value : null);

        outcome.Succeeded.ShouldBeFalse();
        outcome.Failure!.Detail.ShouldContain(name);
        outcome.Failure!.Detail.ShouldContain($"'{value}'");
    }

    [Fact]
    public void Two_homes_never_share_a_cookie()
    {
        string CookieOf(string home) => PortalSettings.From(name => name == "CLOUD_HOME" ? home : null).Value.CookieName("session");

        CookieOf("/srv/one").ShouldNotBe(CookieOf("/srv/two"));
        CookieOf("/srv/one").ShouldBe(CookieOf("/srv/one"));
    }

    [Theory]
    [InlineData("/clusters?q=a", "/clusters?q=a")]
    [InlineData("//evil.example", "/home")]
    [InlineData("/\\evil.example", "/home")]
    [InlineData("https://evil.example", "/home")]
    [InlineData("/a\nb", "/home")]
    [InlineData("", "/home")]
    [InlineData(null, "/home")]
    public void A_redirect_stays_on_this_host(string? url, string expected) =>
        LocalUrl.OrElse(url, "/home").ShouldBe(expected);
}
