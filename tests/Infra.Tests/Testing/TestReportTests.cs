using Cloud.Local.Testing;
using Cloud.TestKit;
using Shouldly;
using Xunit;

namespace Cloud.Infra.Tests.Testing;

public sealed class TestReportTests : IDisposable
{
    private const string Results = """
        <TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>
          <UnitTestResult testName="one" outcome="Passed" />
          <UnitTestResult testName="two" outcome="NotExecuted" />
          <UnitTestResult testName="three" outcome="Failed"><Output><ErrorInfo><Message>expected 1</Message><StackTrace>at here</StackTrace></ErrorInfo></Output></UnitTestResult>
        </Results></TestRun>
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Results_are_counted_by_outcome()
    {
        var report = Read(Results, exitCode: 1);

        (report.Passed, report.Failed, report.Skipped).ShouldBe((1, 1, 1));
        report.Failures.ShouldHaveSingleItem().Message.ShouldContain("expected 1");
    }

    [Fact]
    public void A_run_that_crashed_counts_as_failed_although_every_test_it_reported_passed()
    {
        var report = Read(Results.Replace("\"Failed\"", "\"Passed\"", StringComparison.Ordinal), exitCode: 134);

        report.Failed.ShouldBe(1);
        report.Failures.Single().Message.ShouldContain("134");
    }

    [Fact]
    public void A_run_without_results_counts_as_failed() =>
        TestReport.Read("X.Tests", Path.Combine(_folder.Path, "missing.trx"), TimeSpan.Zero, 1, "host crashed").Failed.ShouldBe(1);

    private TestReport Read(string results, int exitCode)
    {
        var file = Path.Combine(_folder.Path, "results.trx");
        File.WriteAllText(file, results);
        return TestReport.Read("X.Tests", file, TimeSpan.Zero, exitCode, "output");
    }
}
