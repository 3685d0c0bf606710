using Cloud.Modules.Catalog.Public;
using Cloud.Modules.Platform.Http;

namespace Cloud.Modules.Catalog.Features;

/// <summary>A list that fits into one page.</summary>
internal sealed record WholeList<T>(IReadOnlyList<T> Items, string? NextPageToken = null);

/// <summary><c>GET /v1/locations</c>.</summary>
internal static class ListLocations
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/locations", HandleAsync)
            .SignedIn(EndpointClass.Query, "what the cloud offers is the same for everybody");

    private static async Task<Reply<WholeList<Location>>> HandleAsync(CatalogReader catalog, CancellationToken cancellationToken) =>
        Reply.Ok(new WholeList<Location>(await catalog.LocationsAsync(cancellationToken)));
}
