using System.Globalization;
using System.Xml.Linq;

namespace Cloud.Local.Testing;

/// <summary>A failed test.</summary>
public sealed record TestFailure(string Name, string Message);

/// <summary>What one test run found.</summary>
public sealed record TestReport(string Project, int Passed, int Failed, int Skipped, TimeSpan Elapsed, IReadOnlyList<TestFailure> Failures)
{
    private static readonly XNamespace Trx = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010";

    /// <summary>Reads a results file; a run that wrote none, or ended without a result for a test, counts as one failure.</summary>
    public static TestReport Read(string project, string file, TimeSpan elapsed, int exitCode, string output)
    {
        if (!File.Exists(file))
        {
            return new TestReport(project, 0, 1, 0, elapsed, [new TestFailure(project, $"The test run ended with exit code {exitCode} and no result:\n{output}")]);
        }

        var root = XDocument.Load(file).Root ?? throw new InvalidDataException($"{file} is empty.");
        var results = root.Descendants(Trx + "UnitTestResult").ToList();
        var failures = results.Where(result => Outcome(result) == "Failed").Select(Failure).ToList();
        var passed = results.Count(result => Outcome(result) == "Passed");
        if (exitCode != 0 && failures.Count == 0)
        {
            failures.Add(new TestFailure(project, $"The test run ended with exit code {exitCode} though no test failed:\n{output}"));
        }

        return new TestReport(project, passed, failures.Count, results.Count(result => Outcome(result) == "NotExecuted"), elapsed, failures);
    }

    public string Line() => string.Create(
        CultureInfo.InvariantCulture, $"{Project,-20} {Passed,5} passed {Failed,3} failed {Skipped,3} skipped  {Elapsed.TotalSeconds,6:0.0} s");

    private static string Outcome(XElement result) => result.Attribute("outcome")?.Value ?? "NotExecuted";

    private static TestFailure Failure(XElement result)
    {
        var error = result.Descendants(Trx + "ErrorInfo").FirstOrDefault();
        var message = error?.Element(Trx + "Message")?.Value ?? "no message";
        var stack = error?.Element(Trx + "StackTrace")?.Value ?? string.Empty;
        return new TestFailure(result.Attribute("testName")?.Value ?? "unknown test", $"{message}\n{stack}");
    }
}
