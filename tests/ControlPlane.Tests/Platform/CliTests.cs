using System.Diagnostics;
using System.Text.Json;
using Cloud.TestKit;

namespace Cloud.ControlPlane.Tests.Platform;

/// <summary><c>cloudctl</c> as a person and as a pipeline run it, against a real host.</summary>
public sealed class CliTests(ApiFixture fixture) : IClassFixture<ApiFixture>, IDisposable
{
    private readonly TemporaryFolder _config = new();

    [Fact]
    public async Task A_pipeline_with_an_api_key_works_without_a_profile()
    {
        using var owner = await fixture.SignUpAsync();
        var key = await owner.PostAsync($"/v1/organizations/{owner.OrganizationId}/apiKeys", new { name = "ci", role = "organizationAdmin" });
        var environment = new Dictionary<string, string>
        {
            ["CLOUD_CLIENT_ID"] = key.String("clientId"), ["CLOUD_CLIENT_SECRET"] = key.String("clientSecret"),
        };

        var created = await RunAsync(["project", "create", "orders", "-o", "json"], environment);
        created.ExitCode.ShouldBe(0, created.Error);
        var listed = await RunAsync(["project", "list", "-o", "json"], environment);
        JsonSerializer.Deserialize<JsonElement>(listed.Output).EnumerateArray().Select(project => project.GetProperty("name").GetString())
            .ShouldBe(["default", "orders"]);
        (await RunAsync(["project", "delete", "orders"], environment)).ExitCode.ShouldBe(0);
        var table = await RunAsync(["project", "list"], environment);
        table.Output.ShouldContain("default");
        table.Output.ShouldNotContain("orders");
    }

    [Fact]
    public async Task A_person_signs_in_once_and_their_profile_is_theirs_alone()
    {
        using var owner = await fixture.SignUpAsync();
        var login = await RunAsync(["login", "--email", owner.Email, "--password-stdin"], input: ApiSession.Password + "\n");
        login.ExitCode.ShouldBe(0, login.Error);
        var profiles = Path.Combine(_config.Path, "cloudctl", "profiles.json");
        File.GetUnixFileMode(profiles).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);

        // As if the access token had ended: several commands at once must use the one refresh token once.
        var saved = await File.ReadAllTextAsync(profiles);
        await File.WriteAllTextAsync(profiles, saved.Replace("\"accessToken\": \"cat_", "\"accessToken\": \"old_", StringComparison.Ordinal));
        var lists = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => RunAsync(["organization", "list", "-o", "json"])));
        lists.ShouldAllBe(list => list.ExitCode == 0 && list.Output.Contains(owner.OrganizationId));

        (await RunAsync(["logout"])).ExitCode.ShouldBe(0);
        var after = await RunAsync(["organization", "list"]);
        after.ExitCode.ShouldBe(2);
        after.Error.ShouldContain("cloudctl login");
    }

    [Fact]
    public async Task A_refusal_and_a_missing_cloud_are_explained()
    {
        var wrong = await RunAsync(["login", "--email", "nobody@example.com", "--password-stdin"], input: "wrong password\n");
        wrong.ExitCode.ShouldBe(1);
        wrong.Error.ShouldContain("invalid-credentials");
        var away = await RunAsync(["login", "--email", "a@example.com", "--password-stdin"], new() { ["CLOUD_API_URL"] = "http://127.0.0.1:1" }, "x\n");
        away.ExitCode.ShouldBe(3);
        away.Error.ShouldContain("cannot be reached");
    }

    public void Dispose() => _config.Dispose();

    private async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string[] arguments, Dictionary<string, string>? environment = null, string input = "")
    {
        var start = new ProcessStartInfo(Path.Combine(CloudUnderTest.Root, "control-plane/Cli/bin/Release/net10.0/cloudctl"), arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["CLOUD_API_URL"] = fixture.Api.ToString();
        start.Environment["XDG_CONFIG_HOME"] = _config.Path;
        foreach (var (name, value) in environment ?? [])
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!; // the executable exists: this project references it
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }
}
