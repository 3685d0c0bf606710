using Cloud.ApiClient;

namespace Cloud.Portal.Api;

/// <summary>What a list of clusters shows.</summary>
/// <param name="Search">Part of the name; null shows all.</param>
/// <param name="WithDeleted">Whether clusters that wait for their purge are shown too.</param>
/// <param name="OrderBy">A field of the API, with <c> desc</c> behind it for descending order.</param>
/// <param name="PageToken">From the page before; null for the first.</param>
public sealed record ClusterQuery(string? Search, bool WithDeleted, string OrderBy, string? PageToken);

/// <summary>What a create may choose from.</summary>
public sealed record Choices(IReadOnlyList<Location> Locations, IReadOnlyList<Size> Sizes, IReadOnlyList<SoftwareVersion> Versions)
{
    /// <summary>Whether a host has joined that could run a cluster.</summary>
    public bool HasHosts => Versions.Count > 0;

    /// <summary>The sizes of one role, smallest first.</summary>
    public IEnumerable<Size> Of(string role) => Sizes.Where(size => size.Role == role);
}

/// <summary>Clusters, their operations, and what a create may choose from.</summary>
internal sealed class ClusterCalls(CloudApi api)
{
    /// <summary>Rows of a page of the console.</summary>
    public const int PageSize = 25;

    private const int OperationsShown = 20;

    private static readonly CallOptions Unconditionally = new() { IfMatch = "*" };

    public async Task<Reply<Choices>> ChoicesAsync(CancellationToken cancellationToken)
    {
        var locations = await api.AskAsync(client => client.Catalog.ListLocationsAsync(cancellationToken: cancellationToken), cancellationToken);
        var sizes = await api.AskAsync(client => client.Catalog.ListSizesAsync(cancellationToken: cancellationToken), cancellationToken);
        var versions = await api.AskAsync(client => client.Catalog.ListVersionsAsync(cancellationToken: cancellationToken), cancellationToken);
        return locations.TryGet(out var places, out var problem)
            && sizes.TryGet(out var shapes, out problem)
            && versions.TryGet(out var software, out problem)
                ? new Choices(places.Items, shapes.Items, software.Items)
                : problem;
    }

    public Task<Reply<ClusterPage>> ListAsync(string projectId, ClusterQuery query, CancellationToken cancellationToken) => api.AskAsync(
        client => client.Clusters.ListClustersAsync(
            projectId,
            PageSize,
            query.PageToken,
            string.IsNullOrEmpty(query.Search) ? null : $"name:{Quoted(query.Search)}",
            query.OrderBy,
            query.WithDeleted ? true : null,
            cancellationToken: cancellationToken),
        cancellationToken);

    public Task<Reply<Cluster>> GetAsync(string clusterId, CancellationToken cancellationToken) =>
        api.AskAsync(client => client.Clusters.GetClusterAsync(clusterId, cancellationToken: cancellationToken), cancellationToken);

    /// <summary>What a create would do and cost; nothing is written.</summary>
    public Task<Reply<Plan>> PlanAsync(string projectId, CreateClusterRequest request, CancellationToken cancellationToken) => api.AskAsync(
        client => client.Clusters.PlanCreateClusterAsync(projectId, request, cancellationToken: cancellationToken), cancellationToken);

    /// <param name="key">The same for each attempt at the same request.</param>
    /// <returns>The cluster, with the operation that makes it and the password that is not shown again.</returns>
    public Task<Reply<Cluster>> CreateAsync(string projectId, CreateClusterRequest request, string key, CancellationToken cancellationToken) => api.AskAsync(
        client => client.Clusters.CreateClusterAsync(projectId, request, new CallOptions { IdempotencyKey = key }, cancellationToken), cancellationToken);

    /// <summary>Changes what can be changed in place.</summary>
    public Task<Reply<Cluster>> ChangeAsync(string clusterId, UpdateClusterRequest change, CancellationToken cancellationToken) => api.AskAsync(
        client => client.Clusters.UpdateClusterAsync(clusterId, change, Unconditionally, cancellationToken), cancellationToken);

    /// <summary>Stops all processes; the data are kept for some days unless purged.</summary>
    public Task<Reply<Cluster>> DeleteAsync(string clusterId, bool purge, CancellationToken cancellationToken) => api.AskAsync(
        client => client.Clusters.DeleteClusterAsync(clusterId, purge ? true : null, Unconditionally, cancellationToken), cancellationToken);

    /// <summary>Starts a deleted cluster again from the data that were kept.</summary>
    public Task<Reply<Cluster>> UndeleteAsync(string clusterId, CancellationToken cancellationToken) =>
        api.AskAsync(client => client.Clusters.UndeleteClusterAsync(clusterId, cancellationToken: cancellationToken), cancellationToken);

    /// <summary>Removes the data of a deleted cluster at once.</summary>
    public Task<Reply<Cluster>> PurgeAsync(string clusterId, CancellationToken cancellationToken) =>
        api.AskAsync(client => client.Clusters.PurgeClusterAsync(clusterId, cancellationToken: cancellationToken), cancellationToken);

    /// <summary>Operations on a cluster, newest first.</summary>
    public Task<Reply<OperationPage>> OperationsAsync(string clusterId, CancellationToken cancellationToken) => api.AskAsync(
        client => client.Operations.ListOperationsAsync(clusterId, OperationsShown, orderBy: "createdAt desc", cancellationToken: cancellationToken),
        cancellationToken);

    public Task<Reply<Operation>> CancelAsync(string operationId, CancellationToken cancellationToken) =>
        api.AskAsync(client => client.Operations.CancelOperationAsync(operationId, cancellationToken: cancellationToken), cancellationToken);

    public Task<Reply<Operation>> RetryAsync(string operationId, CancellationToken cancellationToken) =>
        api.AskAsync(client => client.Operations.RetryOperationAsync(operationId, cancellationToken: cancellationToken), cancellationToken);

    /// <summary>A value of the API's filter language, whatever is in it.</summary>
    private static string Quoted(string text) => $"\"{text.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"";
}
