using Shouldly;
using Xunit;

namespace Cloud.Architecture.Tests;

public sealed class ArchitectureTests
{
    [Fact]
    public void Projects_reference_only_what_the_architecture_allows() =>
        ReferenceRules.Violations(Repository.Projects).ShouldBeEmpty();

    [Theory]
    [InlineData("Portal", "Modules", "may reference only")]
    [InlineData("Modules", "Storage", "may reference only")]
    [InlineData("Agent", "Node", "both executables")]
    [InlineData("Sql", "Storage", "Sql reaches Engine")]
    [InlineData("Rpc", "Pd", "Storage reaches Pd")]
    public void A_planted_reference_is_found(string from, string to, string expected)
    {
        var planted = Repository.Projects.Select(project => project.Name == from ? project with { References = [.. project.References, to] } : project);

        ReferenceRules.Violations([.. planted]).ShouldContain(violation => violation.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void A_planted_package_in_the_kernel_is_found()
    {
        var planted = Repository.Projects.Select(project => project.Name == "Kernel" ? project with { Packages = ["Polly"] } : project);

        ReferenceRules.Violations([.. planted]).ShouldContain(violation => violation.Contains("must need none", StringComparison.Ordinal));
    }

    [Fact]
    public void Modules_use_only_the_public_part_of_each_other() =>
        ModuleRules.Violations(Repository.ProductSources).ShouldBeEmpty();

    [Theory]
    [InlineData("control-plane/Modules/Billing/Features/Planted.cs", "using Cloud.Modules.Clusters.Domain;")]
    [InlineData("control-plane/Modules/Platform/Data/Planted.cs", "using Cloud.Modules.Clusters.Data;")]
    public void A_planted_use_of_another_modules_inside_is_found(string path, string line) =>
        ModuleRules.Violations([new SourceFile(path, [line])]).ShouldHaveSingleItem();

    [Fact]
    public void The_code_keeps_to_the_house_style() =>
        StyleRules.Violations(Repository.ProductSources).ShouldBeEmpty();

    [Theory]
    [InlineData("var now = DateTime.UtcNow;")]
    [InlineData("var now = DateTimeOffset.Now;")]
    [InlineData("var dice = Random.Shared.Next();")]
    [InlineData("task.GetAwaiter().GetResult();")]
    [InlineData("Thread.Sleep(1);")]
    [InlineData("private async void Run()")]
    [InlineData("throw new NotImplementedException();")]
    [InlineData("// FIXME later")]
    public void A_planted_breach_of_style_is_found(string line) =>
        StyleRules.Violations([new SourceFile("data-plane/Planted.cs", [line])]).ShouldHaveSingleItem();

    [Fact]
    public void A_file_that_is_too_long_is_found() =>
        StyleRules.Violations([new SourceFile("data-plane/Planted.cs", new string[StyleRules.LinesMax + 1].Select(_ => string.Empty).ToArray())])
            .ShouldHaveSingleItem();
}
