using System.Globalization;
using System.Text;

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

    /// <summary>Locations, sizes and versions.</summary>
    public async Task<Reply<Choices>> ChoicesAsync(CancellationToken cancellationToken)
    {
        var locations = await api.GetAsync<Page<Location>>("v1/locations", cancellationToken);
        if (!locations.TryGet(out var places, out var problem))
        {
            return problem;
        }

        var sizes = await api.GetAsync<Page<Size>>("v1/sizes", cancellationToken);
        if (!sizes.TryGet(out var shapes, out problem))
        {
            return problem;
        }

        var versions = await api.GetAsync<Page<SoftwareVersion>>("v1/versions", cancellationToken);
        return versions.TryGet(out var software, out problem)
            ? new Choices(places.Items, shapes.Items, software.Items)
            : problem;
    }

    public Task<Reply<Page<Cluster>>> ListAsync(string projectId, ClusterQuery query, CancellationToken cancellationToken)
    {
        var path = new StringBuilder().Append(CultureInfo.InvariantCulture, $"v1/projects/{Escape(projectId)}/clusters?pageSize={PageSize}&orderBy={Escape(query.OrderBy)}");
        Append(path, "filter", query.Search is { Length: > 0 } search ? $"name:\"{search.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"" : null);
        Append(path, "pageToken", query.PageToken);
        Append(path, "showDeleted", query.WithDeleted ? "true" : null);
        return api.GetAsync<Page<Cluster>>(path.ToString(), cancellationToken);
    }

    public Task<Reply<Cluster>> GetAsync(string clusterId, CancellationToken cancellationToken) =>
        api.GetAsync<Cluster>($"v1/clusters/{Escape(clusterId)}", cancellationToken);

    /// <summary>What a create would do and cost; nothing is written.</summary>
    public Task<Reply<Preview>> PreviewAsync(string projectId, ClusterRequest request, CancellationToken cancellationToken) =>
        api.SendAsync<Preview>(HttpMethod.Post, $"v1/projects/{Escape(projectId)}/clusters?validateOnly=true", request, cancellationToken);

    /// <param name="key">The same for each attempt at the same request.</param>
    public async Task<Reply<CreatedCluster>> CreateAsync(string projectId, ClusterRequest request, string key, CancellationToken cancellationToken)
    {
        var reply = await api.SendAsync<System.Text.Json.JsonElement>(HttpMethod.Post, $"v1/projects/{Escape(projectId)}/clusters", request, cancellationToken, key);
        if (!reply.TryGet(out var body, out var problem))
        {
            return problem;
        }

        var web = System.Text.Json.JsonSerializerOptions.Web;
        return new CreatedCluster(
            System.Text.Json.JsonSerializer.Deserialize<Cluster>(body, web)!,
            System.Text.Json.JsonSerializer.Deserialize<Operation>(body.GetProperty("operation"), web),
            System.Text.Json.JsonSerializer.Deserialize<Credentials>(body.GetProperty("credentials"), web));
    }

    /// <summary>Changes what can be changed in place.</summary>
    public Task<Reply<Nothing>> ChangeAsync(string clusterId, bool deletionProtection, IReadOnlyList<string> allowList, CancellationToken cancellationToken) =>
        api.SendAsync<Nothing>(HttpMethod.Patch, $"v1/clusters/{Escape(clusterId)}", new { deletionProtection, allowList }, cancellationToken, ifMatch: "*");

    /// <summary>Stops all processes; the data are kept for some days unless purged.</summary>
    public Task<Reply<Nothing>> DeleteAsync(string clusterId, bool purge, CancellationToken cancellationToken) =>
        api.SendAsync<Nothing>(HttpMethod.Delete, $"v1/clusters/{Escape(clusterId)}{(purge ? "?purge=true" : "")}", null, cancellationToken, ifMatch: "*");

    /// <summary>Starts a deleted cluster again from the data that were kept.</summary>
    public Task<Reply<Nothing>> UndeleteAsync(string clusterId, CancellationToken cancellationToken) =>
        api.SendAsync<Nothing>(HttpMethod.Post, $"v1/clusters/{Escape(clusterId)}:undelete", null, cancellationToken);

    /// <summary>Removes the data of a deleted cluster at once.</summary>
    public Task<Reply<Nothing>> PurgeAsync(string clusterId, CancellationToken cancellationToken) =>
        api.SendAsync<Nothing>(HttpMethod.Post, $"v1/clusters/{Escape(clusterId)}:purge", null, cancellationToken);

    /// <summary>Operations on a cluster, newest first.</summary>
    public Task<Reply<Page<Operation>>> OperationsAsync(string clusterId, CancellationToken cancellationToken) =>
        api.GetAsync<Page<Operation>>($"v1/operations?target={Escape(clusterId)}&pageSize={OperationsShown}&orderBy=createdAt%20desc", cancellationToken);

    private static void Append(StringBuilder path, string name, string? value)
    {
        if (value is not null)
        {
            path.Append('&').Append(name).Append('=').Append(Escape(value));
        }
    }

    private static string Escape(string text) => Uri.EscapeDataString(text);
}
