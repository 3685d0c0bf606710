using Cloud.Modules.Catalog.Public;
using Cloud.Modules.Platform.Http;

namespace Cloud.Modules.Catalog.Features;

/// <summary><c>GET /v1/versions</c>.</summary>
internal static class ListVersions
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/versions", HandleAsync)
            .SignedIn(EndpointClass.Query, "what the cloud offers is the same for everybody");

    private static async Task<Reply<WholeList<SoftwareVersion>>> HandleAsync(
        CatalogReader catalog, CancellationToken cancellationToken) =>
        Reply.Ok(new WholeList<SoftwareVersion>(await catalog.VersionsAsync(cancellationToken)));
}
