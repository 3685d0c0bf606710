using Cloud.Local.Processes;
using Cloud.TestKit;
using Shouldly;
using Xunit;

namespace Cloud.Infra.Tests.Build;

/// <summary>Shows that the build would notice what the house style forbids: a project with planted violations must not compile.</summary>
public sealed class CanaryTests
{
    private const string Planted = """
        namespace Canary;

        public sealed class Planted
        {
            public string Name(string? given) => given;

            public async Task ForgetsTheTokenAsync(Stream stream, CancellationToken cancellationToken) => await stream.FlushAsync();

            public void NotDoneYet() => throw new NotImplementedException();
        }
        """;

    [Fact]
    public async Task A_project_with_planted_violations_does_not_build()
    {
        var folder = Path.Combine(CloudUnderTest.Root, "artifacts", "canary");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "Canary.csproj"), "<Project Sdk=\"Microsoft.NET.Sdk\" />");
        await File.WriteAllTextAsync(Path.Combine(folder, "Planted.cs"), Planted);

        var build = await Shell.RunAsync(
            "dotnet", ["build", folder, "-c", "Release", "-nologo", "-clp:NoSummary", "--no-incremental"], CancellationToken.None);

        build.Succeeded.ShouldBeFalse(build.Output);
        build.Output.ShouldContain("error CS8603", customMessage: "nullable warnings are errors");
        build.Output.ShouldContain("error CA2016", customMessage: "tokens are passed on");
        build.Output.ShouldContain("error MA0025", customMessage: "NotImplementedException is refused");
    }
}
