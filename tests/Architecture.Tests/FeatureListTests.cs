using Shouldly;
using Xunit;

namespace Cloud.Architecture.Tests;

/// <summary>Holds <c>docs/features.md</c> to what is there: a row that claims something names the test that shows it.</summary>
public sealed class FeatureListTests
{
    private static readonly string[] States = ["works", "partial", "not yet"];

    [Fact]
    public void Every_feature_that_is_claimed_names_a_test_that_exists() =>
        Violations(File.ReadLines(Path.Combine(Repository.Root, "docs/features.md"))).ShouldBeEmpty();

    [Theory]
    [InlineData("| 1 | Organisations | works |  |  |", "names no test")]
    [InlineData("| 1 | Organisations | works |  | ControlPlane.Tests/Nowhere.cs |", "does not exist")]
    [InlineData("| 1 | Organisations | soon |  |  |", "unknown state")]
    public void A_planted_claim_without_a_test_is_found(string row, string expected) =>
        Violations([row]).ShouldHaveSingleItem().ShouldContain(expected);

    private static IEnumerable<string> Violations(IEnumerable<string> lines)
    {
        foreach (var cells in lines.Where(line => line.StartsWith('|')).Select(line => line.Split('|', StringSplitOptions.TrimEntries)))
        {
            if (!int.TryParse(cells[1], System.Globalization.CultureInfo.InvariantCulture, out var number))
            {
                continue;
            }

            var (state, test) = (cells[3], cells[5]);
            if (!States.Contains(state, StringComparer.Ordinal))
            {
                yield return $"Row {number} has the unknown state '{state}'.";
            }
            else if (state != "not yet" && test.Length == 0)
            {
                yield return $"Row {number} claims '{state}' but names no test.";
            }
            else if (test.Length > 0 && !File.Exists(Path.Combine(Repository.Root, "tests", test)))
            {
                yield return $"Row {number} names {test}, which does not exist.";
            }
        }
    }
}
