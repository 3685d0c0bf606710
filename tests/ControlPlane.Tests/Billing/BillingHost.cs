using Cloud.Contracts;
using Cloud.Host;
using Cloud.Kernel;
using Cloud.Modules.Metering.Public;
using Cloud.Modules.Platform.Data;
using Cloud.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Cloud.ControlPlane.Tests.Billing;

/// <summary>A whole control-plane host on a database of its own, without agents: what they would report is put in directly.</summary>
public sealed class BillingHost : PostgresFixture
{
    private readonly TemporaryFolder _home = new();
    private WebApplication? _app;

    public Uri Api { get; private set; } = new("http://127.0.0.1");

    public string Home => _home.Path;

    internal IServiceProvider Services => _app!.Services; // set by InitializeAsync

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        _app = CloudHost.Build(new Dictionary<string, string?>
        {
            ["CLOUD_DATABASE"] = ConnectionString,
            ["CLOUD_HOME"] = _home.Path,
            ["CLOUD_API_PORT"] = "0",
            ["CLOUD_AGENT_PORT"] = "0",
        });
        await _app.StartAsync();
        await _app.Services.GetRequiredService<SchemaState>().WhenReadyAsync(CancellationToken.None);
        Api = CloudHost.Addresses(_app).Api;
    }

    public override async Task DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }

        await base.DisposeAsync();
        _home.Dispose();
    }

    /// <summary>A person with a cluster that ran for some minutes of this month, did some work, and stopped.</summary>
    internal async Task<Customer> CustomerAsync()
    {
        var session = await ApiSession.SignUpAsync(Api);
        var created = (await session.PostAsync($"/v1/projects/{session.ProjectId}/clusters", new { name = "orders" })).RequireSuccess();
        var customer = new Customer(
            session, OrganizationId.Parse(session.OrganizationId), ClusterId.Parse(created.String("id")), TypedId.New<InstanceId>(TimeProvider.System));
        var end = DateTimeOffset.UtcNow;
        var start = end.AddMinutes(-7);
        var month = BillingMonth.Of(end).Start;
        start = start < month ? month : start; // A run in the first minutes of a month still bills this month.
        var meter = Services.GetRequiredService<IAllocationMeter>();
        await using (var scope = Services.CreateWorkerScope())
        {
            var database = scope.ServiceProvider.GetRequiredService<CloudDbContext>();
            await meter.OpenAsync(database, Held(customer, Meters.InstanceHours, Skus.Instance(InstanceRole.Sql, "small"), 1), start, default);
            await meter.OpenAsync(database, Held(customer, Meters.StorageGibHours, Meters.StorageGibHours, 10), start, default);
            await meter.CloseAllAsync(database, customer.Cluster, end, default);
            await database.SaveChangesAsync();
        }

        var windows = Enumerable.Range(0, 5).Select(i => Window(customer, start.AddSeconds(30 * i), i)).ToList();
        await Services.GetRequiredService<IUsageStore>().StoreAsync(TypedId.New<HostId>(TimeProvider.System), windows, default);
        return customer;
    }

    private static Allocation Held(Customer customer, string meter, string sku, decimal quantity) => new()
    {
        OrganizationId = customer.Organization,
        ClusterId = customer.Cluster,
        Key = new AllocationKey(customer.Instance.ToString(), meter),
        Sku = sku,
        Quantity = quantity,
    };

    private static UsageWindow Window(Customer customer, DateTimeOffset start, int number) => new()
    {
        Id = UsageWindow.IdOf(customer.Cluster, customer.Instance, "life", start),
        ClusterId = customer.Cluster,
        InstanceId = customer.Instance,
        Incarnation = "life",
        Start = start,
        End = start.AddSeconds(30),
        Counters = new UsageCounters { ReadRequests = 1000 * number, WriteRequests = 77, SqlCpuMs = 1000, EgressBytes = 123_456_789 },
    };
}

internal sealed record Customer(ApiSession Session, OrganizationId Organization, ClusterId Cluster, InstanceId Instance) : IDisposable
{
    public string Path(string rest) => $"/v1/organizations/{Organization}/{rest}";

    public void Dispose() => Session.Dispose();
}
