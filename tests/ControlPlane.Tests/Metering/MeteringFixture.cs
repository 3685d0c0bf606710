using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Billing;
using Cloud.Modules.Metering;
using Cloud.Modules.Metering.Public;
using Cloud.Modules.Platform;
using Cloud.Modules.Platform.Data;
using Cloud.TestKit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Cloud.ControlPlane.Tests.Metering;

/// <summary>The metering and billing services on a migrated database, without HTTP, at a time that tests choose.</summary>
public sealed class MeteringFixture : PostgresFixture
{
    private ServiceProvider? _services;

    internal ServiceProvider Services => _services ?? throw new InvalidOperationException("The fixture has not been initialized.");

    internal SetTime Time { get; } = new();

    internal IUsageStore Store => Services.GetRequiredService<IUsageStore>();

    internal IAllocationMeter Meter => Services.GetRequiredService<IAllocationMeter>();

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["CLOUD_DATABASE"] = ConnectionString, ["CLOUD_HOME"] = Path.GetTempPath() })
            .Build();
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<TimeProvider>(Time);
        foreach (var module in new IModule[] { new PlatformModule(), new MeteringModule(), new BillingModule() })
        {
            module.AddServices(services, configuration);
        }

        _services = services.BuildServiceProvider();
        await Services.GetRequiredService<MigrationRunner>().RunAsync(
            Migration.Discover(typeof(MigrationRunner).Assembly), CancellationToken.None);
    }

    public override async Task DisposeAsync()
    {
        await Services.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <summary>Runs one unit of work of a worker and saves it.</summary>
    internal async Task WorkAsync(Func<CloudDbContext, Task> work)
    {
        await using var scope = Services.CreateWorkerScope();
        var database = scope.ServiceProvider.GetRequiredService<CloudDbContext>();
        await work(database);
        await database.SaveChangesAsync();
    }

    /// <summary>Asks something within a transaction that sees one organization.</summary>
    internal async Task<T> AskAsync<T>(OrganizationId organization, Func<IServiceProvider, Task<T>> question)
    {
        await using var scope = Services.CreateAsyncScope();
        var transaction = scope.ServiceProvider.GetRequiredService<TenantTransaction>();
        await transaction.BeginAsync(CancellationToken.None);
        await transaction.EnterOrganizationAsync(organization, CancellationToken.None);
        var answer = await question(scope.ServiceProvider);
        await transaction.RollbackAsync();
        return answer;
    }

    /// <summary>Runs SQL as the worker and returns the first column.</summary>
    internal async Task<List<object>> SqlAsync(string sql)
    {
        await using var command = Services.GetRequiredService<CloudDataSources>().Worker.CreateCommand(sql);
        await using var row = await command.ExecuteReaderAsync();
        var values = new List<object>();
        while (await row.ReadAsync())
        {
            values.Add(row.GetValue(0));
        }

        return values;
    }

    internal static Allocation Held(Tenant tenant, string sku = "instance.hours/sql/small", decimal quantity = 1, string meter = Meters.InstanceHours) => new()
    {
        OrganizationId = tenant.Organization,
        ClusterId = tenant.Cluster,
        Key = new AllocationKey(tenant.Instance.ToString(), meter),
        Sku = sku,
        Quantity = quantity,
    };

    internal static UsageWindow Window(Tenant tenant, DateTimeOffset start, int seconds, UsageCounters counters, string life = "life") => new()
    {
        Id = UsageWindow.IdOf(tenant.Cluster, tenant.Instance, life, start),
        ClusterId = tenant.Cluster,
        InstanceId = tenant.Instance,
        Incarnation = life,
        Start = start,
        End = start.AddSeconds(seconds),
        Counters = counters,
    };
}

/// <summary>An organization with a cluster of one instance on one host.</summary>
internal sealed record Tenant(OrganizationId Organization, ClusterId Cluster, InstanceId Instance, HostId Host)
{
    public static Tenant New() => new(
        TypedId.New<OrganizationId>(TimeProvider.System),
        TypedId.New<ClusterId>(TimeProvider.System),
        TypedId.New<InstanceId>(TimeProvider.System),
        TypedId.New<HostId>(TimeProvider.System));
}

/// <summary>A clock that stands where it is set.</summary>
internal sealed class SetTime : TimeProvider
{
    public DateTimeOffset Now { get; set; } = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => Now;
}
