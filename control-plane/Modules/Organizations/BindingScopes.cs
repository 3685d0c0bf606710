using Cloud.Kernel;
using Cloud.Modules.Organizations.Data;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;
using Npgsql;

namespace Cloud.Modules.Organizations;

/// <summary>Where a role is to hold.</summary>
internal sealed record BindingScope(ScopeKind Kind, Guid Id, Guid? ProjectId, Guid? ClusterId);

/// <summary>Finds the project or cluster that a binding names, in the entered organization alone.</summary>
internal sealed class BindingScopes(TenantTransaction transaction)
{
    /// <param name="text">Id of the organization, a project or a cluster; null for the organization.</param>
    public async Task<Outcome<BindingScope>> FindAsync(OrganizationId organization, string? text, CancellationToken cancellationToken)
    {
        if (text is null || text == organization.ToString())
        {
            return new BindingScope(ScopeKind.Organization, organization.Value, null, null);
        }

        var isProject = TypedId.TryParse<ProjectId>(text, out var project);
        var isCluster = TypedId.TryParse<ClusterId>(text, out var cluster);
        if (isProject || isCluster)
        {
            await using var command = transaction.Connection.CreateCommand();
            command.CommandText = "select kind, project_id from cloud.find_resource($1)";
            command.Parameters.Add(new NpgsqlParameter { Value = isProject ? project.Value : cluster.Value });
            await using var row = await command.ExecuteReaderAsync(cancellationToken);
            if (await row.ReadAsync(cancellationToken) && row.GetString(0) == (isProject ? "project" : "cluster"))
            {
                return isProject
                    ? new BindingScope(ScopeKind.Project, project.Value, project.Value, null)
                    : new BindingScope(ScopeKind.Cluster, cluster.Value, row.GetGuid(1), cluster.Value);
            }
        }

        return new Failure(OrganizationErrors.UnknownScope, $"The organization has no project or cluster '{text}'.", "/scope");
    }
}
