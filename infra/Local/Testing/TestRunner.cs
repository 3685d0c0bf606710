using Cloud.Local.Processes;

namespace Cloud.Local.Testing;

/// <summary>Runs the test assemblies: two at a time, those that run whole clouds alone.</summary>
public sealed class TestRunner(CloudSettings settings, Action<string> report)
{
    private const int Lanes = 2;
    private const string HangLimit = "5m";

    /// <summary>Trait that keeps a test out of the fast run.</summary>
    public const string LongCategory = "Long";

    public async Task<IReadOnlyList<TestReport>> RunAsync(IReadOnlyList<TestAssembly> assemblies, bool all, string? filter, CancellationToken cancellationToken)
    {
        var reports = new List<TestReport>();
        using var lanes = new SemaphoreSlim(Lanes);
        var shared = assemblies.Where(assembly => !assembly.Exclusive).Select(async assembly =>
        {
            await lanes.WaitAsync(cancellationToken);
            try
            {
                return await RunAsync(assembly, all, filter, cancellationToken);
            }
            finally
            {
                lanes.Release();
            }
        });
        reports.AddRange(await Task.WhenAll(shared.ToList()));
        foreach (var assembly in assemblies.Where(assembly => assembly.Exclusive))
        {
            reports.Add(await RunAsync(assembly, all, filter, cancellationToken));
        }

        return reports;
    }

    private async Task<TestReport> RunAsync(TestAssembly assembly, bool all, string? filter, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(settings.Root, "artifacts", "tests");
        var name = assembly.Project + ".trx";
        Directory.CreateDirectory(folder);
        File.Delete(Path.Combine(folder, name));
        List<string> conditions = all ? [] : [$"Category!={LongCategory}"];
        if (filter is not null)
        {
            conditions.Add($"FullyQualifiedName~{filter}");
        }

        string[] selection = conditions.Count == 0 ? [] : ["--filter", string.Join('&', conditions)];
        var started = TimeProvider.System.GetTimestamp();
        var result = await Shell.RunAsync(
            "dotnet",
            [
                "test", assembly.Path(settings), "--logger", $"trx;LogFileName={name}", "--results-directory", folder, "--nologo",
                "--blame-hang", "--blame-hang-timeout", HangLimit, "--blame-hang-dump-type", "none", .. selection,
            ],
            cancellationToken,
            new Dictionary<string, string> { ["CLOUD_ROOT"] = settings.Root });
        var outcome = TestReport.Read(
            assembly.Project, Path.Combine(folder, name), TimeProvider.System.GetElapsedTime(started), result.ExitCode, result.Tail(40));
        report(outcome.Line());
        return outcome;
    }
}
