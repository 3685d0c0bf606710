using System.CommandLine;
using Cloud.Local.Testing;

namespace Cloud.Local.Commands;

/// <summary><c>./cloud check</c>: what can be said about the code without running the product: it compiles without warnings, and the guards hold.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var command = new Command("check", "Build with all analyzers and run the architecture tests.");
        command.SetAction(async (_, cancellationToken) =>
        {
            var settings = CloudSettings.FromEnvironment();
            await new SolutionBuild(settings, Console.WriteLine).EnsureAsync(SolutionBuild.Everything, cancellationToken);
            var reports = await new TestRunner(settings, Console.WriteLine).RunAsync([TestAssembly.All[0]], all: true, filter: null, cancellationToken);
            foreach (var failure in reports.SelectMany(report => report.Failures))
            {
                Console.WriteLine($"\nFAILED {failure.Name}\n{failure.Message}");
            }

            return reports.All(report => report.Failed == 0) ? 0 : 1;
        });
        return command;
    }
}
