using Cloud.Modules.Platform.Data;
using MassTransit;

namespace Cloud.Modules.Platform.Messaging;

/// <summary>How hints travel between processes.</summary>
internal interface IBusTransport
{
    void Configure(IBusRegistrationConfigurator bus, string address);
}

/// <summary>Outbox, bus, leases and sweep; see docs/design/lifecycle.md.</summary>
/// <param name="external">The transport for a <c>CLOUD_BUS</c> address; null where only the in-memory bus is at hand.</param>
internal sealed class MessagingModule(IBusTransport? external = null) : IModule
{
    /// <summary>
    /// Hints that one process works on at a time: enough to fill its cores while passes wait for the database, few enough that a burst of
    /// them leaves room for requests, and below the worker pool's connections, two of which a pass may hold.
    /// </summary>
    public static int ConcurrencyMax { get; } = Math.Clamp(Environment.ProcessorCount * 2, 4, 12);

    public void AddServices(IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<PostgresNotifications>();
        services.AddHostedService(provider => provider.GetRequiredService<PostgresNotifications>());
    }

    public void AddWorkers(IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton<IReconcileProbe, NoProbe>();
        services.AddSingleton<ReconcileRunner>();
        services.AddSingleton<Sweeper>();
        services.AddHostedService<OutboxDispatcher>();
        services.AddHostedService(provider => provider.GetRequiredService<Sweeper>());
        var address = CloudSettings.From(configuration).Bus;
        services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            bus.AddConsumer<HintConsumer>();
            if (address is null)
            {
                bus.UsingInMemory((context, memory) => memory.ReceiveEndpoint("cloud-hints", endpoint =>
                {
                    endpoint.ConcurrentMessageLimit = ConcurrencyMax;
                    endpoint.ConfigureConsumer<HintConsumer>(context);
                }));
                return;
            }

            var transport = external ?? throw new InvalidOperationException(
                "CLOUD_BUS is set, but this build has only the in-memory bus. Unset it, or run cloud-host.");
            transport.Configure(bus, address);
        });
    }
}
