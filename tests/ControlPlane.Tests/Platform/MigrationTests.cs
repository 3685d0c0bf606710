using Cloud.Modules.Platform;
using Cloud.Modules.Platform.Data;
using Cloud.TestKit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cloud.ControlPlane.Tests.Platform;

public sealed class MigrationTests(PostgresFixture fixture) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Runners_that_start_at_once_apply_each_migration_once_and_a_changed_one_is_refused()
    {
        await using var sources = new CloudDataSources(Settings());
        var runner = new MigrationRunner(sources, NullLogger<MigrationRunner>.Instance);
        var migrations = Migration.Discover(typeof(Migration).Assembly);

        var counts = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => runner.RunAsync(migrations, CancellationToken.None)));
        counts.Order().ShouldBe([0, 0, migrations.Count]);

        var changed = migrations.Select(migration => migration.Number == 1 ? migration with { Sql = migration.Sql + " " } : migration);
        var refused = await Should.ThrowAsync<InvalidOperationException>(
            () => runner.RunAsync([.. changed.Select(item => new Migration(item.Number, item.Name, item.Sql))], CancellationToken.None));
        refused.Message.ShouldContain("0001_tenancy");
    }

    [Fact]
    public void Numbers_belong_to_one_migration_each()
    {
        var migrations = Migration.Discover(typeof(Migration).Assembly);
        migrations.Select(migration => migration.Number).ShouldBe(migrations.Select(migration => migration.Number).Distinct().Order());
    }

    private CloudSettings Settings() => CloudSettings.From(new ConfigurationBuilder()
        .AddInMemoryCollection(new Dictionary<string, string?> { ["CLOUD_DATABASE"] = fixture.ConnectionString }).Build());
}
