using Cloud.Modules.Audit;
using Cloud.Modules.Billing;
using Cloud.Modules.Catalog;
using Cloud.Modules.Clusters;
using Cloud.Modules.Identity;
using Cloud.Modules.Metering;
using Cloud.Modules.Operations;
using Cloud.Modules.Organizations;
using Cloud.Modules.Platform;
using Cloud.Modules.Platform.Messaging;
using Cloud.Modules.Provisioning;

namespace Cloud.Host;

/// <summary>The modules of the control plane: the one place that lists them.</summary>
internal static class ModuleList
{
    public static IReadOnlyList<IModule> All { get; } =
    [
        new PlatformModule(),
        new AuditModule(),
        new IdentityModule(),
        new OrganizationsModule(),
        new MessagingModule(new RabbitMqTransport()),
        new CatalogModule(),
        new OperationsModule(),
        new ProvisioningModule(),
        new ClustersModule(),
        new MeteringModule(),
        new BillingModule(),
    ];
}
