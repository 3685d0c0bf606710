using Cloud.Kernel;

namespace Cloud.Modules.Platform.Data;

/// <summary>The database role under which a unit of work runs.</summary>
internal enum DatabaseRole
{
    /// <summary>Sees the rows of one organization: that of its transaction.</summary>
    App,

    /// <summary>Sees all rows; for workers only.</summary>
    Worker,
}

/// <summary>
/// Whose data a unit of work may see. Scoped: one per request or per unit of a worker; not thread-safe.
/// Only <see cref="TenantTransaction"/> and <see cref="WorkerScope"/> change it.
/// </summary>
internal sealed class TenantScope
{
    public DatabaseRole Role { get; internal set; } = DatabaseRole.App;

    /// <summary>Null while no organization is entered: tenant tables look empty then.</summary>
    public OrganizationId? OrganizationId { get; internal set; }

    /// <summary>The user or API key that acts; null for anonymous callers and workers.</summary>
    public Guid? PrincipalId { get; internal set; }
}

/// <summary>Makes service scopes for workers: everything resolved from them reads and writes as <c>cloud_worker</c>.</summary>
internal static class WorkerScope
{
    /// <summary>The caller disposes the scope after one unit of work; a retry takes a new one.</summary>
    public static AsyncServiceScope CreateWorkerScope(this IServiceProvider services)
    {
        var scope = services.CreateAsyncScope();
        scope.ServiceProvider.GetRequiredService<TenantScope>().Role = DatabaseRole.Worker;
        return scope;
    }
}
