using Cloud.Kernel;
using Cloud.Modules.Clusters.Domain;
using Cloud.Modules.Clusters.Public;
using Shouldly;
using Xunit;

namespace Cloud.ControlPlane.Tests.Clusters;

public sealed class ClusterSpecRulesTests
{
    private static readonly ClusterChoices Choices = new(["local"], ["0.2.0", "0.1.0"]);

    [Fact]
    public void A_name_alone_gives_the_smallest_starter_cluster()
    {
        var valid = ClusterSpecRules.Check(new ClusterDraft { Name = "first" }, Choices, out var failures);

        failures.ShouldBeEmpty();
        valid.ShouldNotBeNull();
        valid.Name.ShouldBe("first");
        valid.Spec.Tier.ShouldBe(ClusterTier.Starter);
        valid.Spec.Location.ShouldBe("local");
        valid.Spec.Version.ShouldBe("0.2.0");
        valid.Spec.Pd.ShouldBe(new RoleSpec(1, "small"));
        valid.Spec.Sql.ShouldBe(new RoleSpec(1, "small"));
        valid.Spec.Storage.ShouldBe(new RoleSpec(1, "small", 10));
        valid.Spec.Columnar.Count.ShouldBe(0);
        valid.Spec.AllowList.ShouldBeEmpty();
        valid.Spec.DeletionProtection.ShouldBeFalse();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Upper")]
    [InlineData("with space")]
    [InlineData("under_score")]
    [InlineData("-first")]
    [InlineData("last-")]
    [InlineData("line\n")]
    [InlineData("ünicode")]
    [InlineData("a123456789012345678901234567890123456789012345678901234567890123")]
    public void A_name_that_is_no_dns_label_is_refused(string? name) =>
        Refusal(new ClusterDraft { Name = name }).Pointer.ShouldBe("/name");

    [Theory]
    [InlineData("a")]
    [InlineData("7")]
    [InlineData("a-b")]
    [InlineData("a12345678901234567890123456789012345678901234567890123456789012")]
    public void A_dns_label_is_a_name(string name) =>
        ClusterSpecRules.Check(new ClusterDraft { Name = name }, Choices, out _).ShouldNotBeNull();

    [Fact]
    public void What_the_data_plane_cannot_do_is_refused_and_not_reduced()
    {
        NotAvailable(Draft() with { Tier = "dedicated" }).ShouldBe("/tier");
        NotAvailable(Draft() with { Storage = new RoleDraft(3, null, null) }).ShouldBe("/storage/count");
        NotAvailable(Draft() with { Pd = new RoleDraft(3, null, null) }).ShouldBe("/pd/count");
        NotAvailable(Draft() with { Sql = new RoleDraft(2, null, null) }).ShouldBe("/sql/count");
        NotAvailable(Draft() with { Columnar = new RoleDraft(1, null, null) }).ShouldBe("/columnar/count");
    }

    [Fact]
    public void What_does_not_exist_is_refused_with_the_choices()
    {
        Invalid(Draft() with { Tier = "huge" }).ShouldBe("/tier");
        Invalid(Draft() with { Location = "moon" }).ShouldBe("/location");
        Invalid(Draft() with { Version = "9.9.9" }).ShouldBe("/version");
        Invalid(Draft() with { Sql = new RoleDraft(null, "gigantic", null) }).ShouldBe("/sql/size");
        Invalid(Draft() with { Storage = new RoleDraft(null, "gigantic", null) }).ShouldBe("/storage/size");
        Invalid(Draft() with { Storage = new RoleDraft(0, null, null) }).ShouldBe("/storage/count");
        Invalid(Draft() with { Storage = new RoleDraft(null, null, 0) }).ShouldBe("/storage/volumeGiB");
        Invalid(Draft() with { Sql = new RoleDraft(-1, null, null) }).ShouldBe("/sql/count");
        Invalid(Draft() with { Pd = new RoleDraft(2, null, null) }).ShouldBe("/pd/count");
        Invalid(Draft() with { Columnar = new RoleDraft(-1, null, null) }).ShouldBe("/columnar/count");
        Refusal(Draft() with { Sql = new RoleDraft(null, "gigantic", null) }).Detail.ShouldContain("small, medium");
    }

    [Fact]
    public void Every_wrong_field_is_reported_at_once()
    {
        var draft = new ClusterDraft { Name = "BAD", Tier = "dedicated", Location = "moon", AllowList = ["nonsense"] };

        ClusterSpecRules.Check(draft, Choices, out var failures).ShouldBeNull();

        failures.Select(failure => failure.Pointer).ShouldBe(["/name", "/tier", "/location", "/allowList/0"]);
    }

    [Theory]
    [InlineData("203.0.113.7", "203.0.113.7/32")]
    [InlineData("203.0.113.0/24", "203.0.113.0/24")]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    [InlineData("2001:DB8::/32", "2001:db8::/32")]
    [InlineData("::1", "::1/128")]
    public void Allow_list_blocks_become_canonical(string given, string stored)
    {
        var valid = ClusterSpecRules.Check(Draft() with { AllowList = [given, stored] }, Choices, out var failures);

        failures.ShouldBeEmpty();
        valid!.Spec.AllowList.ShouldBe([stored]);
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("10")]
    [InlineData("10/8")]
    [InlineData("0x7f.0.0.1x")]
    [InlineData("203.0.113.7/24")]
    [InlineData("203.0.113.0/33")]
    [InlineData("fe80::1%eth0")]
    [InlineData("example.com")]
    public void Blocks_with_host_bits_or_of_another_form_are_refused(string? block) =>
        Refusal(Draft() with { AllowList = [block] }).Pointer.ShouldBe("/allowList/0");

    [Fact]
    public void Lists_have_limits()
    {
        var blocks = Enumerable.Range(0, FieldRules.AllowListMax + 1).Select(i => (string?)$"10.0.{i}.0/24").ToList();
        Refusal(Draft() with { AllowList = blocks }).Pointer.ShouldBe("/allowList");

        var labels = Enumerable.Range(0, FieldRules.LabelsMax + 1).ToDictionary(i => $"k{i}", _ => (string?)"v");
        Refusal(Draft() with { Labels = labels }).Pointer.ShouldBe("/labels");
    }

    [Fact]
    public void Labels_are_checked_one_by_one()
    {
        Refusal(Labels("Team", "core")).Pointer.ShouldBe("/labels/Team");
        Refusal(Labels("example.com/~team", "core")).Pointer.ShouldBe("/labels/example.com~1~0team");
        Refusal(Labels("team", "a\tb")).Pointer.ShouldBe("/labels/team");
        Refusal(Labels("team", null)).Pointer.ShouldBe("/labels/team");
        ClusterSpecRules.Check(Labels("example.com/team", ""), Choices, out _).ShouldNotBeNull();
    }

    private static ClusterDraft Draft() => new() { Name = "first" };

    private static ClusterDraft Labels(string key, string? value) =>
        Draft() with { Labels = new Dictionary<string, string?> { [key] = value } };

    private static Failure Refusal(ClusterDraft draft)
    {
        ClusterSpecRules.Check(draft, Choices, out var failures).ShouldBeNull();
        return failures.ShouldHaveSingleItem();
    }

    private static string? NotAvailable(ClusterDraft draft)
    {
        var failure = Refusal(draft);
        failure.Code.ShouldBe(ClusterErrorCodes.NotAvailable);
        return failure.Pointer;
    }

    private static string? Invalid(ClusterDraft draft)
    {
        var failure = Refusal(draft);
        failure.Code.ShouldBe(ClusterErrorCodes.InvalidField);
        return failure.Pointer;
    }
}
