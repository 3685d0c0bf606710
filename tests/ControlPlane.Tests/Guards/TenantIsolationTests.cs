using Cloud.Kernel;
using Cloud.Modules.Platform.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Cloud.ControlPlane.Tests.Guards;

/// <summary>Every table, found in the catalog, hides each tenant from the others; each guard shows that it can fail.</summary>
public sealed class TenantIsolationTests(GuardFixture fixture) : IClassFixture<GuardFixture>
{
    [Fact]
    public async Task Every_table_is_protected_or_declared_as_shared_with_a_reason() =>
        (await UnprotectedAsync()).ShouldBeEmpty();

    [Fact]
    public async Task A_table_that_is_neither_is_found()
    {
        await ExecuteAsync("cloud_owner", "create table cloud.planted (id uuid, organization_id uuid)");
        try
        {
            (await UnprotectedAsync()).ShouldBe(["planted"]);
        }
        finally
        {
            await ExecuteAsync("cloud_owner", "drop table cloud.planted");
        }
    }

    [Fact]
    public async Task No_table_shows_a_row_of_another_tenant_to_raw_sql()
    {
        var tables = await TenantTablesAsync();
        tables.Count.ShouldBeGreaterThan(4);
        (await LeakingAsync(tables, "cloud_app")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_role_that_sees_other_tenants_is_found() =>
        (await LeakingAsync(["projects"], "cloud_worker")).ShouldBe(["projects"]);

    [Fact]
    public async Task No_table_shows_a_row_before_an_organization_is_entered()
    {
        foreach (var table in await TenantTablesAsync())
        {
            (await CountAsync("cloud_app", null, $"select count(*) from cloud.{table}")).ShouldBe(0, table);
        }
    }

    [Fact]
    public async Task No_row_of_another_tenant_can_be_changed_or_made()
    {
        foreach (var table in await TenantTablesAsync())
        {
            var changed = await TryExecuteAsync($"update cloud.{table} set organization_id = organization_id where organization_id = '{Owner}'");
            changed.ShouldBe(0, table);
            (await TryExecuteAsync($"insert into cloud.{table} (organization_id) values ('{Owner}')")).ShouldBeLessThanOrEqualTo(0, table);
        }
    }

    [Fact]
    public async Task No_entity_shows_a_row_of_another_tenant()
    {
        foreach (var (type, rows) in await RowsOfOwnerAsync(DatabaseRole.App, Stranger))
        {
            rows.ShouldBe(0, type);
        }
    }

    [Fact]
    public async Task The_owners_own_rows_are_there_to_be_hidden() =>
        (await RowsOfOwnerAsync(DatabaseRole.App, Owner)).Where(found => found.Value > 0).Select(found => found.Key)
            .ShouldContain("Project");

    [Fact]
    public async Task Every_entity_of_a_protected_table_has_the_tenant_filter()
    {
        await using var scope = fixture.Services.CreateAsyncScope();
        var tables = await TenantTablesAsync();
        scope.ServiceProvider.GetRequiredService<CloudDbContext>().Model.GetEntityTypes()
            .Where(entity => entity.GetTableName() is { } table && tables.Contains(table) && entity.FindOwnership() is null)
            .Where(entity => entity.GetDeclaredQueryFilters().Count == 0)
            .Select(entity => entity.ClrType.Name)
            .ShouldBeEmpty();
    }

    [Fact]
    public async Task A_pooled_connection_never_loses_its_role()
    {
        var sources = fixture.Services.GetRequiredService<CloudDataSources>();
        for (var i = 0; i < 5; i++)
        {
            await using var connection = await sources.App.OpenConnectionAsync();
            await using var command = new NpgsqlCommand("select current_user", connection);
            (await command.ExecuteScalarAsync()).ShouldBe("cloud_app");
        }
    }

    private Guid Owner => TypedId.Parse<OrganizationId>(fixture.Owner.OrganizationId).Value;

    private Guid Stranger => TypedId.Parse<OrganizationId>(fixture.Stranger.OrganizationId).Value;

    private async Task<IReadOnlyDictionary<string, int>> RowsOfOwnerAsync(DatabaseRole role, Guid entered)
    {
        await using var scope = fixture.Services.CreateAsyncScope();
        var tenant = scope.ServiceProvider.GetRequiredService<TenantScope>();
        tenant.Role = role;
        tenant.OrganizationId = new OrganizationId(entered);
        var db = scope.ServiceProvider.GetRequiredService<CloudDbContext>();
        await using var transaction = scope.ServiceProvider.GetRequiredService<TenantTransaction>();
        await transaction.BeginAsync(CancellationToken.None);
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var type in db.Model.GetEntityTypes().Select(entity => entity.ClrType).Where(type => typeof(ITenantOwned).IsAssignableFrom(type)))
        {
            var rows = (IQueryable<ITenantOwned>)typeof(DbContext).GetMethod(nameof(DbContext.Set), [])!.MakeGenericMethod(type).Invoke(db, [])!; // Set<T>()
            counts.Add(type.Name, (await rows.ToListAsync()).Count(row => row.OrganizationId.Value == Owner));
        }

        return counts;
    }

    private async Task<List<string>> UnprotectedAsync() => await ListAsync("""
        select c.relname from pg_class c
        where c.relnamespace = 'cloud'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
          and not (c.relrowsecurity and c.relforcerowsecurity)
          and coalesce(obj_description(c.oid), '') !~ '^shared: .{10,}'
        """);

    private Task<List<string>> TenantTablesAsync() => ListAsync("""
        select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped
        where c.relnamespace = 'cloud'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
          and has_table_privilege('cloud_app', c.oid, 'select') and c.relrowsecurity
        order by 1
        """);

    private async Task<List<string>> LeakingAsync(IEnumerable<string> tables, string role)
    {
        var leaking = new List<string>();
        foreach (var table in tables)
        {
            if (await CountAsync(role, Stranger, $"select count(*) from cloud.{table} where organization_id = '{Owner}'") > 0)
            {
                leaking.Add(table);
            }
        }

        return leaking;
    }

    private async Task<long> CountAsync(string role, Guid? organization, string sql)
    {
        await using var connection = await OpenAsync(role);
        await using var command = new NpgsqlCommand(
            $"select set_config('cloud.organization_id', '{organization}', false); {sql}", connection);
        await using var rows = await command.ExecuteReaderAsync();
        await rows.NextResultAsync();
        await rows.ReadAsync();
        return rows.GetInt64(0);
    }

    /// <summary>Rows affected as the stranger; -1 when the database refuses.</summary>
    private async Task<int> TryExecuteAsync(string sql)
    {
        await using var connection = await OpenAsync("cloud_app");
        await using var enter = new NpgsqlCommand($"select set_config('cloud.organization_id', '{Stranger}', false)", connection);
        await enter.ExecuteNonQueryAsync();
        try
        {
            await using var command = new NpgsqlCommand(sql, connection);
            return await command.ExecuteNonQueryAsync();
        }
        catch (PostgresException refused) when (refused.SqlState is "42501" or "23502")
        {
            return refused.SqlState == "42501" || sql.StartsWith("insert", StringComparison.Ordinal) ? 0 : 1;
        }
    }

    private async Task ExecuteAsync(string role, string sql)
    {
        await using var connection = await OpenAsync(role);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<List<string>> ListAsync(string sql)
    {
        await using var connection = await OpenAsync("cloud_owner");
        await using var command = new NpgsqlCommand(sql, connection);
        await using var rows = await command.ExecuteReaderAsync();
        var list = new List<string>();
        while (await rows.ReadAsync())
        {
            list.Add(rows.GetString(0));
        }

        return list;
    }

    private async Task<NpgsqlConnection> OpenAsync(string role)
    {
        var connection = new NpgsqlConnection($"{fixture.ConnectionString};Pooling=false;Options=-c role={role}");
        await connection.OpenAsync();
        return connection;
    }
}
