using Cloud.Local.Processes;
using Cloud.TestKit;
using Shouldly;
using Xunit;

namespace Cloud.SystemTests.Howto;

[Collection(CloudCollection.Name)]
public sealed class FirstClusterHowtoTests(CloudFixture fixture)
{
    [Fact]
    public async Task The_page_runs_as_it_stands_and_leaves_no_process_folder_or_port()
    {
        var cloud = fixture.Cloud;
        using var folder = new TemporaryFolder();
        var before = NodesOf(cloud);
        var script = HowtoDocument.ScriptOf(Path.Combine(CloudUnderTest.Root, "docs/howto/first-cluster.md"));

        var result = await Shell.RunAsync("bash", ["-c", $"cd {folder.Path}\n{script}"], CancellationToken.None, cloud.Environment);

        result.ExitCode.ShouldBe(0, $"{result.Output}\n{result.Error}");
        NodesOf(cloud).ShouldBe(before);
        var instances = Path.Combine(cloud.Home, "agent", "instances");
        (Directory.Exists(instances) ? Directory.GetDirectories(instances) : []).ShouldBeEmpty();
    }

    /// <summary>Command lines of the database nodes of a cloud.</summary>
    private static IReadOnlyList<int> NodesOf(CloudUnderTest cloud) =>
        [.. cloud.Processes().Where(pid => File.ReadAllText($"/proc/{pid}/cmdline").Contains("--instance", StringComparison.Ordinal))];
}
