using Cloud.Modules.Clusters.Data;
using Cloud.Modules.Clusters.Features;
using Cloud.Modules.Clusters.Public;
using Cloud.Modules.Clusters.Reconcile;
using Cloud.Modules.Operations.Public;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Messaging;

namespace Cloud.Modules.Clusters;

/// <summary>Database clusters, from the wish to running processes and back; see README.md.</summary>
internal sealed class ClustersModule : IModule
{
    public IReadOnlyList<ErrorDefinition> Errors { get; } =
    [
        new(
            ClusterErrorCodes.NotAvailable, 422, "The data plane cannot do this.", "Leave the field out, or choose what 'detail' names."),
        new(
            ClusterErrorCodes.NameTaken, 409, "A live cluster of the project has this name.",
            "Choose another name, or use the cluster that Location names."),
        new(
            ClusterErrorCodes.DeletionProtected, 409, "The cluster is protected from deletion.",
            "Change deletionProtection to false, then delete."),
        new(ClusterErrorCodes.ClusterDeleted, 409, "The cluster is deleted.", "Undelete it first, or create another."),
        new(ClusterErrorCodes.NotDeleted, 409, "The cluster is not deleted.", "Delete it first."),
        new(ClusterErrorCodes.NotRestorable, 409, "The cluster cannot be restored.", "Create a new cluster."),
    ];

    public void AddServices(IServiceCollection services, IConfiguration configuration)
    {
        services.AddScoped<ClusterPricing>();
        services.AddScoped<ClusterReader>();
        services.AddScoped<ClusterOrders>();
        services.AddScoped<ClusterCreation>();
        services.AddScoped<ClusterDeletion>();
        services.AddScoped<IClusterDirectory, ClusterDirectory>();
        services.AddScoped<IProjectContents, ProjectClusters>();
        services.AddScoped<IOperationOwner, ClusterOperationOwner>();
    }

    public void AddWorkers(IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<IReconciler, ClusterReconciler>();
        services.AddSingleton<ISweep, ClusterSweep>();
        services.AddScoped<ClusterMeter>();
    }

    public void MapEndpoints(IEndpointRouteBuilder routes)
    {
        CreateCluster.Map(routes);
        ListClusters.Map(routes);
        GetCluster.Map(routes);
        UpdateCluster.Map(routes);
        DeleteCluster.Map(routes);
        PurgeCluster.Map(routes);
        UndeleteCluster.Map(routes);
    }
}
