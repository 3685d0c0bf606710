using Cloud.Modules.Audit;
using Cloud.Modules.Billing;
using Cloud.Modules.Identity;
using Cloud.Modules.Metering;
using Cloud.Modules.Organizations;
using Cloud.Modules.Platform;

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
        new MeteringModule(),
        new BillingModule(),
    ];
}
