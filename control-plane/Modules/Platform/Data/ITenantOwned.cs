using Cloud.Kernel;

namespace Cloud.Modules.Platform.Data;

/// <summary>
/// A row that belongs to one organization for all its life. The context filters such entities by the organization of the request,
/// and their table must be protected by <c>cloud.protect_tenant_table</c> in the migration that creates it.
/// </summary>
internal interface ITenantOwned
{
    OrganizationId OrganizationId { get; }
}

/// <summary>An entity whose concurrent changes must not overwrite each other: PostgreSQL's <c>xmin</c> is its concurrency token.</summary>
internal interface IConcurrencyChecked;
