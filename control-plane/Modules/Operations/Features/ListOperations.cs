using Cloud.Modules.Operations.Public;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;
using Cloud.Modules.Platform.Paging;
using Cloud.Kernel;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Operations.Features;

/// <summary><c>GET /v1/operations?target=</c>: the operations on one resource, oldest first.</summary>
internal static class ListOperations
{
    private static readonly ListFields<Operation> Fields = ListFields<Operation>
        .By(operation => operation.CreatedAt, operation => operation.Id)
        .With("kind", operation => operation.Kind)
        .With("state", operation => operation.State);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/operations", HandleAsync)
            .Query(Permissions.OperationsRead)
            .ScopedByQuery("target")
            .Fails(PlatformErrors.MalformedRequest);

    private static async Task<Reply<Page<OperationReply>>> HandleAsync(
        [FromQuery(Name = "target")] string? target,
        [AsParameters] ListQuery query,
        CloudDbContext database,
        Lister lister,
        CancellationToken cancellationToken) =>
        target is null
            ? new Failure(PlatformErrors.MalformedRequest, "Name the resource: ?target=clu_….", "target")
            : await lister.ListAsync(
                database.Set<Operation>().Where(operation => operation.Target == target),
                Fields,
                query,
                OperationReply.Of,
                cancellationToken);
}
