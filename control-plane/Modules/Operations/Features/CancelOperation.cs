using Cloud.Kernel;
using Cloud.Modules.Operations.Public;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Operations.Features;

/// <summary><c>POST /v1/operations/{operation}:cancel</c>: what it did is undone; wait for it to be <c>cancelled</c>.</summary>
internal static class CancelOperation
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/operations/{operation}:cancel", HandleAsync)
            .Action(Permissions.OperationsManage)
            .Replies(StatusCodes.Status202Accepted)
            .Fails(OperationErrorCodes.NotCancellable);

    private static async Task<Reply<OperationReply>> HandleAsync(
        OperationId operation, OperationDesk desk, IEnumerable<IOperationOwner> owners, CancellationToken cancellationToken)
    {
        if (await desk.LockAsync(operation, cancellationToken) is not { } found)
        {
            return PlatformErrors.ResourceNotFound("operation", operation);
        }

        var repeated = found.State == OperationState.Cancelling;
        if (found.RequestCancel().Failure is { } refused)
        {
            return refused;
        }

        if (!repeated)
        {
            await owners.Single(owner => owner.Owns(found.Kind)).CancelAsync(found, cancellationToken);
        }

        return OperationDesk.Accepted(found);
    }
}

/// <summary><c>POST /v1/operations/{operation}:retry</c>: a failed operation gets another attempt with a fresh deadline.</summary>
internal static class RetryOperation
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/operations/{operation}:retry", HandleAsync)
            .Action(Permissions.OperationsManage)
            .Replies(StatusCodes.Status202Accepted)
            .Fails(OperationErrorCodes.NotRetryable);

    private static async Task<Reply<OperationReply>> HandleAsync(
        OperationId operation,
        OperationDesk desk,
        IEnumerable<IOperationOwner> owners,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (await desk.LockAsync(operation, cancellationToken) is not { } found)
        {
            return PlatformErrors.ResourceNotFound("operation", operation);
        }

        if (found.Retry(time.GetUtcNow()).Failure is { } refused)
        {
            return refused;
        }

        await owners.Single(owner => owner.Owns(found.Kind)).RetryAsync(found, cancellationToken);
        return OperationDesk.Accepted(found);
    }
}

/// <summary>Where requests pick up an operation to change it. Scoped.</summary>
internal sealed class OperationDesk(CloudDbContext database)
{
    /// <summary>Loads and locks: the worker that advances the operation does the same, so that neither overwrites the other.</summary>
    public async Task<Operation?> LockAsync(OperationId id, CancellationToken cancellationToken) =>
        (await database.Set<Operation>()
            .FromSql($"select * from cloud.operations where id = {id.Value} for update")
            .ToListAsync(cancellationToken)).SingleOrDefault();

    public static Reply<OperationReply> Accepted(Operation operation) => Reply.Accepted(
        OperationReply.Of(operation), OperationReply.PathOf(operation.Id), OperationReply.PathOf(operation.Id));
}
