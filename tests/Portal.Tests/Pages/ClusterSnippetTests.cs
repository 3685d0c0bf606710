using System.Diagnostics;
using System.Text.Json;
using Cloud.Portal.Api;
using Cloud.Portal.Pages.Clusters;
using Shouldly;
using Xunit;

namespace Cloud.Portal.Tests.Pages;

public sealed class ClusterSnippetTests
{
    private static readonly ClusterRequest Request = new(
        "orders", "starter", "local", "0.1.0", new RoleSpec(1, "small"), new RoleSpec(1), new RoleSpec(1, "small", 10),
        ["10.0.0.0/8"], true, new Dictionary<string, string>());

    [Fact]
    public void The_api_call_holds_the_body_that_the_console_sends()
    {
        var text = ClusterSnippets.Api(new Uri("http://127.0.0.1:7400"), "prj_1", Request);

        text.ShouldContain("http://127.0.0.1:7400/v1/projects/prj_1/clusters");
        var json = text[(text.IndexOf("-d '", StringComparison.Ordinal) + 4)..].TrimEnd('\'');
        var body = JsonDocument.Parse(json).RootElement;
        body.GetProperty("storage").GetProperty("volumeGiB").GetInt32().ShouldBe(10);
        body.GetProperty("deletionProtection").GetBoolean().ShouldBeTrue();
    }

    [Fact]
    public void A_quote_in_a_value_stays_inside_its_shell_word()
    {
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", $"printf %s {ClusterSnippets.ShellQuote("it's $HOME")}"]) { RedirectStandardOutput = true })!;
        shell.StandardOutput.ReadToEnd().ShouldBe("it's $HOME");
    }

    [Fact]
    public void Terraform_text_interpolates_nothing_that_a_person_typed()
    {
        var text = ClusterSnippets.Terraform("prj_1", Request with { Name = "1${x}" });

        text.ShouldContain("name       = \"1$${x}\"");
        text.ShouldContain("resource \"cloud_cluster\" \"c1__x_\"");
    }

    [Fact]
    public void One_intent_has_one_key_and_another_content_another()
    {
        var key = new IntentKey();

        var first = key.For(Request);
        key.For(Request with { }).ShouldBe(first);
        key.For(Request with { Name = "other" }).ShouldNotBe(first);
    }
}
