using System.Diagnostics;
using System.Text.Json;
using Cloud.ApiClient;
using Cloud.Portal.Pages.Clusters;
using Shouldly;
using Xunit;

namespace Cloud.Portal.Tests.Pages;

public sealed class ClusterSnippetTests
{
    private static readonly Uri Api = new("http://127.0.0.1:7400");

    private static readonly CreateClusterRequest Request = new()
    {
        Name = "orders",
        Tier = "starter",
        Location = "local",
        Sql = new RoleRequest { Count = 1, Size = "small" },
        Storage = new StorageRequest { Count = 1, Size = "small", VolumeGiB = 10 },
        AllowList = ["10.0.0.0/8"],
        DeletionProtection = true,
    };

    [Fact]
    public void The_api_call_holds_the_body_that_the_console_sends()
    {
        var text = ClusterSnippets.Create(Api, "prj_1", Request)[0].Text;

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
        var text = ClusterSnippets.Create(Api, "prj_1", Request with { Name = "1${x}" })[2].Text;

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
