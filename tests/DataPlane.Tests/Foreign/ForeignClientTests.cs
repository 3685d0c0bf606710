using System.Diagnostics;
using System.Runtime.CompilerServices;
using Cloud.DataPlane.Tests.KvClient;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Cloud.DataPlane.Tests.Foreign;

/// <summary>
/// A client that shares nothing with this project but the protocol: Debian's python3-grpcio, with messages encoded by hand from their field
/// numbers. What it can do, the clients of TiKV can do.
/// </summary>
public sealed class ForeignClientTests(ITestOutputHelper output)
{
    private const string Python = "/usr/bin/python3";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_foreign_client_reads_and_writes_and_sees_the_right_errors()
    {
        if (!File.Exists(Python) || !Directory.Exists("/usr/lib/python3/dist-packages/grpc"))
        {
            Environment.GetEnvironmentVariable("CI").ShouldBeNull("the foreign client needs python3-grpcio: apt-get install python3-grpcio");
            output.WriteLine("skipped: python3-grpcio is not installed");
            return;
        }

        await using var fixture = await KvFixture.StartAsync();
        using var client = Process.Start(new ProcessStartInfo(Python, [Script(), $"127.0.0.1:{fixture.Pd.Server.Port}"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!; // Not null: no shell is used.
        try
        {
            var (said, complained) = (client.StandardOutput.ReadToEndAsync(), client.StandardError.ReadToEndAsync());
            await client.WaitForExitAsync().WaitAsync(Patience);
            output.WriteLine(await said);
            output.WriteLine(await complained);
            client.ExitCode.ShouldBe(0);
            (await said).ShouldContain(" checks, 0 failed");
        }
        finally
        {
            if (!client.HasExited)
            {
                client.Kill();
            }
        }
    }

    private static string Script([CallerFilePath] string self = "") =>
        Path.Combine(Path.GetDirectoryName(self)!, "foreign_client.py"); // A source file has a folder.
}
