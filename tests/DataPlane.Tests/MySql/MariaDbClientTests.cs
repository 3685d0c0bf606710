using System.Diagnostics;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.MySql;

/// <summary>The command-line client that Debian ships, which is not ours.</summary>
public sealed class MariaDbClientTests
{
    private const string Client = "/usr/bin/mariadb";

    [RequiresProgramTheory(Client)]
    [InlineData("root", "mysql_native_password", false)]
    [InlineData("root", "mysql_native_password", true)]
    [InlineData("root", "caching_sha2_password", false)]
    [InlineData("root", "caching_sha2_password", true)]
    [InlineData("modern", "", false)]
    [InlineData("modern", "", true)]
    public async Task The_mariadb_client_logs_in_and_reads_every_type(string user, string plugin, bool tls)
    {
        await using var fixture = ServerFixture.Start();
        var (code, output, error) = await RunAsync(fixture, user, ServerFixture.Password, plugin, tls, "types");
        error.ShouldBeEmpty();
        code.ShouldBe(0);
        var lines = output.Split('\n');
        lines[0].Split('\t').ShouldBe(EchoSession.AllTypes.Select(c => c.Name));
        lines[1].Split('\t').Take(15).ShouldBe(EchoSession.AllValues.Take(15));
        fixture.Handler.Requests.ShouldAllBe(r => r.Encrypted == tls);
    }

    [RequiresProgramTheory(Client)]
    [InlineData("mysql_native_password", false)]
    [InlineData("caching_sha2_password", false)]
    [InlineData("caching_sha2_password", true)]
    public async Task The_mariadb_client_is_denied_with_a_wrong_password(string plugin, bool tls)
    {
        await using var fixture = ServerFixture.Start();
        var (code, _, error) = await RunAsync(fixture, "root", "wrong", plugin, tls, "hello");
        code.ShouldBe(1);
        error.ShouldContain("ERROR 1045 (28000): Access denied for user 'root'@'127.0.0.1' (using password: YES)");
    }

    [RequiresProgramFact(Client)]
    public async Task The_mariadb_client_shows_errors_and_many_rows()
    {
        await using var fixture = ServerFixture.Start();
        var (_, _, error) = await RunAsync(fixture, "root", ServerFixture.Password, "", false, "fail");
        error.ShouldContain("ERROR 1062 (23000) at line 1: Duplicate entry '1' for key 'PRIMARY'");
        var (code, output, _) = await RunAsync(fixture, "root", ServerFixture.Password, "", true, "rows 50000");
        code.ShouldBe(0);
        output.Count(c => c == '\n').ShouldBe(50_001);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(
        ServerFixture fixture, string user, string password, string plugin, bool tls, string sql)
    {
        var start = new ProcessStartInfo(Client) { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments =
        [
            "--no-defaults", "--host=127.0.0.1", $"--port={fixture.Server.Port}", $"--user={user}", $"--password={password}",
            tls ? "--ssl" : "--skip-ssl", "--default-character-set=utf8mb4", "--batch", $"--execute={sql}",
            .. plugin.Length > 0 ? [$"--default-auth={plugin}"] : Array.Empty<string>(),
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(Deadline.Token);
            var error = process.StandardError.ReadToEndAsync(Deadline.Token);
            await process.WaitForExitAsync(Deadline.Token);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
