using System.CommandLine;
using Cloud.Local.Prerequisites;
using Cloud.Local.Testing;

namespace Cloud.Local.Commands;

/// <summary><c>./cloud test</c>: installs what the tests need, builds everything, runs it, prints the count last.</summary>
internal static class TestCommand
{
    public static Command Create()
    {
        var all = new Option<bool>("--all") { Description = "Also run the long tests: whole matrices and long simulations." };
        var filter = new Option<string?>("--filter") { Description = "Only tests whose full name contains this." };
        var projects = new Option<string[]>("--project") { Description = "Only these test projects, for example DataPlane.Tests.", AllowMultipleArgumentsPerToken = true };
        var command = new Command("test", "Run the tests.") { all, filter, projects };
        command.SetAction((parse, cancellationToken) => RunAsync(
            parse.GetValue(all), parse.GetValue(filter), parse.GetValue(projects) ?? [], cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(bool all, string? filter, string[] projects, CancellationToken cancellationToken)
    {
        var settings = CloudSettings.FromEnvironment();
        var assemblies = TestAssembly.All.Where(assembly => projects.Length == 0 || projects.Contains(assembly.Project, StringComparer.Ordinal)).ToList();
        if (assemblies.Count == 0)
        {
            throw new LocalException($"There is no such test project; there are {string.Join(", ", TestAssembly.All.Select(assembly => assembly.Project))}.");
        }

        await new PackageInstaller(Console.WriteLine).EnsureAsync(Requirement.ToTest, cancellationToken);
        await new SolutionBuild(settings, Console.WriteLine).EnsureAsync(SolutionBuild.Everything, cancellationToken);
        var reports = await new TestRunner(settings, Console.WriteLine).RunAsync(assemblies, all, filter, cancellationToken);
        foreach (var failure in reports.SelectMany(report => report.Failures))
        {
            Console.WriteLine($"\nFAILED {failure.Name}\n{failure.Message}");
        }

        var failed = reports.Sum(report => report.Failed);
        var passed = reports.Sum(report => report.Passed);
        Console.WriteLine($"\n{passed} passed, {failed} failed, {reports.Sum(report => report.Skipped)} skipped");
        return failed == 0 && passed > 0 ? 0 : 1;
    }
}
