namespace Cloud.Portal.Api;

/// <summary>Clusters, their operations, and what a create may choose from.</summary>
internal sealed class ClusterApi(CloudApi api)
{
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
}
