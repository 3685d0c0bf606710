using System.CommandLine;
using Cloud.Local.Prerequisites;
using Cloud.Local.Processes;

namespace Cloud.Local.Commands;

/// <summary><c>./cloud bench</c>: hands over to the benchmark program.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var arguments = new Argument<string[]>("arguments") { Description = "Which benchmark and its options; --help lists them.", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("bench", "Measure, with peers beside us in the same run.") { arguments };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(async (parse, cancellationToken) =>
        {
            var settings = CloudSettings.FromEnvironment();
            await new PackageInstaller(Console.WriteLine).EnsureAsync(Requirement.ToBench, cancellationToken);
            await new SolutionBuild(settings, Console.WriteLine).EnsureAsync(SolutionBuild.Everything, cancellationToken);
            return await Shell.RunVisiblyAsync(
                settings.Executable("tests/Benchmarks", "cloud-bench"),
                [.. parse.GetValue(arguments) ?? [], .. parse.UnmatchedTokens],
                cancellationToken,
                new Dictionary<string, string> { ["CLOUD_ROOT"] = settings.Root });
        });
        return command;
    }
}
