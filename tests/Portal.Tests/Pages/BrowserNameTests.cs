using Cloud.Portal.Pages.Account;
using Shouldly;
using Xunit;

namespace Cloud.Portal.Tests.Pages;

public sealed class BrowserNameTests
{
    [Theory]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux")]
    [InlineData("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36", "Chrome on macOS")]
    [InlineData("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows")]
    [InlineData("curl/8.5.0", "curl")]
    [InlineData(null, "Unknown")]
    public void A_session_is_called_by_its_program(string? userAgent, string expected) => BrowserName.Of(userAgent).ShouldBe(expected);
}
