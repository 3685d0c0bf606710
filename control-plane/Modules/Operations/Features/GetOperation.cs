using System.Globalization;
using Cloud.Kernel;
using Cloud.Modules.Operations.Public;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Operations.Features;

/// <summary><c>GET /v1/operations/{operation}?wait=30s</c>: the operation as it is now, or as soon as it has ended.</summary>
internal static class GetOperation
{
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(60);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/operations/{operation}", HandleAsync)
            .Query(Permissions.OperationsRead)
            .ManagesTransaction()
            .Fails(PlatformErrors.MalformedRequest);

    private static async Task<Reply<OperationReply>> HandleAsync(
        OperationId operation,
        string? wait,
        CloudDbContext database,
        TenantTransaction transaction,
        OperationWaiters waiters,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (!TryParseWait(wait, out var patience))
        {
            return new Failure(
                PlatformErrors.MalformedRequest, $"wait must be whole seconds from 0s to {WaitMax.TotalSeconds}s, for example 30s.", "wait");
        }

        var began = time.GetTimestamp();
        using var waiter = waiters.Register(operation);
        while (true)
        {
            var found = await ReadAsync(operation, database, transaction, cancellationToken);
            var left = patience - time.GetElapsedTime(began);
            if (found is null)
            {
                return PlatformErrors.ResourceNotFound("operation", operation);
            }

            if (found.Ended || left <= TimeSpan.Zero)
            {
                return Reply.Ok(OperationReply.Of(found), found.Attempts);
            }

            await waiter.WaitAsync(left, time, cancellationToken);
        }
    }

    /// <summary>Reads in a transaction of its own: nobody holds a database connection while waiting.</summary>
    private static async Task<Operation?> ReadAsync(
        OperationId id, CloudDbContext database, TenantTransaction transaction, CancellationToken cancellationToken)
    {
        await transaction.BeginAsync(cancellationToken);
        var operation = await database.Set<Operation>().AsNoTracking()
            .SingleOrDefaultAsync(candidate => candidate.Id == id, cancellationToken);
        await transaction.RollbackAsync();
        return operation;
    }

    private static bool TryParseWait(string? text, out TimeSpan wait)
    {
        wait = TimeSpan.Zero;
        if (text is null)
        {
            return true;
        }

        if (!int.TryParse(text.AsSpan(0, text.EndsWith('s') ? text.Length - 1 : text.Length), NumberStyles.None,
                CultureInfo.InvariantCulture, out var seconds)
            || seconds > WaitMax.TotalSeconds)
        {
            return false;
        }

        wait = TimeSpan.FromSeconds(seconds);
        return true;
    }
}
