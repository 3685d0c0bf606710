using System.Reflection;
using Cloud.Kernel;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Platform.Data;

/// <summary>
/// The one EF context of the control plane: a resource, its operation, its outbox message and its idempotency record commit together.
/// It finds every <see cref="IEntityTypeConfiguration{TEntity}"/> of this assembly; see <see cref="ModelConventions"/> for what
/// those need not say. Scoped; not thread-safe.
/// </summary>
internal sealed class CloudDbContext(DbContextOptions<CloudDbContext> options, TenantScope tenant) : DbContext(options)
{
    internal const string Schema = "cloud";

    /// <summary>Read by the tenant filter of every query.</summary>
    internal bool SeesAllTenants => tenant.Role == DatabaseRole.Worker;

    /// <summary>Read by the tenant filter of every query; the empty id, which no row has, outside any organization.</summary>
    internal OrganizationId CurrentOrganization => tenant.OrganizationId ?? default;

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        ModelConventions.MapValueTypes(configurationBuilder);

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema(Schema);
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(CloudDbContext).Assembly);
        foreach (var entity in modelBuilder.Model.GetEntityTypes().ToList())
        {
            if (typeof(ITenantOwned).IsAssignableFrom(entity.ClrType))
            {
                FilterMethod.MakeGenericMethod(entity.ClrType).Invoke(this, [modelBuilder]);
            }
        }

        ModelConventions.Apply(modelBuilder);
    }

    private static readonly MethodInfo FilterMethod =
        typeof(CloudDbContext).GetMethod(nameof(FilterByTenant), BindingFlags.Instance | BindingFlags.NonPublic)!; // declared below

    private void FilterByTenant<TEntity>(ModelBuilder modelBuilder)
        where TEntity : class, ITenantOwned =>
        modelBuilder.Entity<TEntity>().HasQueryFilter(
            row => SeesAllTenants || row.OrganizationId == CurrentOrganization);
}
