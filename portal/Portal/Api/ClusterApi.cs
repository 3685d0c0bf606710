using System.Globalization;
using System.Text.Json;
using Cloud.ApiClient;

namespace Cloud.Portal.Api;

/// <summary>What a list of clusters shows.</summary>
/// <param name="Search">Part of the name; null shows all.</param>
/// <param name="WithDeleted">Whether clusters that wait for their purge are shown too.</param>
/// <param name="OrderBy">A field of the API, with <c> desc</c> behind it for descending order.</param>
/// <param name="PageToken">From the page before; null for the first.</param>
public sealed record ClusterQuery(string? Search, bool WithDeleted, string OrderBy, string? PageToken);

/// <summary>Clusters, their operations, and what a create may choose from.</summary>
internal sealed class ClusterApi(CloudApi api)
{
    /// <summary>Rows of a page of the console.</summary>
    public const int PageSize = 25;

    private const int OperationsShown = 20;

    private static readonly CallOptions Unconditionally = new() { IfMatch = "*" };

    /// <summary>Locations, sizes and versions.</summary>
    public async Task<Reply<Choices>> ChoicesAsync(CancellationToken cancellationToken)
    {
        if (!(await GetAsync<Page<Location>>("/v1/locations", cancellationToken)).TryGet(out var locations, out var problem)
            || !(await GetAsync<Page<Size>>("/v1/sizes", cancellationToken)).TryGet(out var sizes, out problem)
            || !(await GetAsync<Page<SoftwareVersion>>("/v1/versions", cancellationToken)).TryGet(out var versions, out problem))
        {
            return problem;
        }

        return new Choices(locations.Items, sizes.Items, versions.Items);
    }

    public Task<Reply<Page<Cluster>>> ListAsync(string projectId, ClusterQuery query, CancellationToken cancellationToken) => GetAsync<Page<Cluster>>(
        $"/v1/projects/{ApiRequest.Escape(projectId)}/clusters",
        cancellationToken,
        ("pageSize", PageSize),
        ("orderBy", query.OrderBy),
        ("filter", string.IsNullOrEmpty(query.Search) ? null : $"name:{Quoted(query.Search)}"),
        ("pageToken", query.PageToken),
        ("showDeleted", query.WithDeleted ? true : null));

    public Task<Reply<Cluster>> GetAsync(string clusterId, CancellationToken cancellationToken) =>
        GetAsync<Cluster>(Path(clusterId), cancellationToken);

    /// <summary>What a create would do and cost; nothing is written.</summary>
    public Task<Reply<Preview>> PreviewAsync(string projectId, ClusterRequest request, CancellationToken cancellationToken) => api.AskAsync(
        client => client.SendAsync<Preview>(
            new ApiRequest(HttpMethod.Post, $"/v1/projects/{ApiRequest.Escape(projectId)}/clusters") { Query = [("validateOnly", true)], Body = request, IsMutation = true },
            cancellationToken),
        cancellationToken);

    /// <param name="key">The same for each attempt at the same request.</param>
    public async Task<Reply<CreatedCluster>> CreateAsync(string projectId, ClusterRequest request, string key, CancellationToken cancellationToken)
    {
        var reply = await api.AskAsync(
            client => client.SendAsync<JsonElement>(
                new ApiRequest(HttpMethod.Post, $"/v1/projects/{ApiRequest.Escape(projectId)}/clusters") { Body = request, IsMutation = true, Options = new CallOptions { IdempotencyKey = key } },
                cancellationToken),
            cancellationToken);
        return reply.TryGet(out var body, out var problem)
            ? new CreatedCluster(body.Deserialize<Cluster>(CloudClient.Json)!, body.GetProperty("credentials").Deserialize<Credentials>(CloudClient.Json))
            : problem;
    }

    /// <summary>Changes what can be changed in place.</summary>
    public Task<Reply<Nothing>> ChangeAsync(string clusterId, bool deletionProtection, IReadOnlyList<string> allowList, CancellationToken cancellationToken) =>
        TellAsync(HttpMethod.Patch, Path(clusterId), new { deletionProtection, allowList }, cancellationToken);

    /// <summary>Stops all processes; the data are kept for some days unless purged.</summary>
    public Task<Reply<Nothing>> DeleteAsync(string clusterId, bool purge, CancellationToken cancellationToken) =>
        TellAsync(HttpMethod.Delete, Path(clusterId), null, cancellationToken, ("purge", purge ? true : null));

    /// <summary>Starts a deleted cluster again from the data that were kept.</summary>
    public Task<Reply<Nothing>> UndeleteAsync(string clusterId, CancellationToken cancellationToken) =>
        TellAsync(HttpMethod.Post, $"{Path(clusterId)}:undelete", null, cancellationToken);

    /// <summary>Removes the data of a deleted cluster at once.</summary>
    public Task<Reply<Nothing>> PurgeAsync(string clusterId, CancellationToken cancellationToken) =>
        TellAsync(HttpMethod.Post, $"{Path(clusterId)}:purge", null, cancellationToken);

    /// <summary>Operations on a cluster, newest first.</summary>
    public Task<Reply<Page<Operation>>> OperationsAsync(string clusterId, CancellationToken cancellationToken) => GetAsync<Page<Operation>>(
        "/v1/operations", cancellationToken, ("target", clusterId), ("pageSize", OperationsShown), ("orderBy", "createdAt desc"));

    private Task<Reply<T>> GetAsync<T>(string path, CancellationToken cancellationToken, params (string, object?)[] query) =>
        api.AskAsync(client => client.SendAsync<T>(new ApiRequest(HttpMethod.Get, path) { Query = query }, cancellationToken), cancellationToken);

    private Task<Reply<Nothing>> TellAsync(HttpMethod method, string path, object? body, CancellationToken cancellationToken, params (string, object?)[] query) => api.TellAsync(
        client => client.SendAsync(
            new ApiRequest(method, path) { Body = body, Query = query, IsMutation = true, Options = Unconditionally }, cancellationToken),
        cancellationToken);

    private static string Path(string clusterId) => $"/v1/clusters/{ApiRequest.Escape(clusterId)}";

    /// <summary>A value of the API's filter language, whatever is in it.</summary>
    private static string Quoted(string text) => $"\"{text.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"";
}
