using Cloud.Kernel;
using Cloud.Modules.Audit.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Platform.Http;

/// <summary>
/// Runs resource writes and actions. Scoped.
/// </summary>
/// <remarks>
/// Two transactions. The first, in which the caller was admitted, commits the audit intent. The second takes the idempotency key,
/// runs the handler, and commits its changes together with the stored reply and the audit outcome; only then is the reply sent.
/// Crash points: before the first commit nothing happened; between the two, the intent stands without outcome and a retry runs
/// afresh; after the second commit but before the reply, a retry with the key gets the stored reply.
/// A failure of any kind rolls the second transaction back and records the outcome in a third.
/// </remarks>
internal sealed class MutationRunner(
    CloudDbContext db,
    TenantTransaction transaction,
    IdempotencyStore idempotency,
    IAuditTrail audit,
    ApiCall call,
    ProblemWriter problems)
{
    public async Task RunAsync(HttpContext http, EndpointRules rules, RequestDelegate next, CancellationToken cancellationToken)
    {
        if (ReadConditions(http, rules) is { } unmet)
        {
            await problems.WriteAsync(http, unmet, cancellationToken: cancellationToken);
            return;
        }

        var key = call.ValidateOnly ? null : http.Request.Headers[IdempotencyStore.Header].FirstOrDefault();
        var fingerprint = key is null ? [] : IdempotencyStore.Fingerprint(http.Request, call.Body.Span);
        Guid? auditId = call.ValidateOnly ? null : await audit.BeginAsync(Intent(http, rules), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        await transaction.BeginAsync(cancellationToken);
        var finished = false;
        try
        {
            if (key is not null && await AnswerFromStoreAsync(http, key, fingerprint, cancellationToken))
            {
                var replayed = http.Response.StatusCode < 300;
                await EndAuditAsync(auditId, replayed ? "replayed" : "refused", http.Response.StatusCode, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                finished = true;
                return;
            }

            finished = await HandleAsync(http, rules, next, new Claim(key, fingerprint, auditId), cancellationToken);
        }
        finally
        {
            await transaction.RollbackAsync();
            if (!finished && auditId is not null)
            {
                await RecordFailureAsync(auditId.Value, http.Response.StatusCode);
            }
        }
    }

    /// <summary>Sends the stored reply of a request whose resource is gone.</summary>
    /// <returns>False when there is none.</returns>
    public async Task<bool> TryReplayAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var key = http.Request.Headers[IdempotencyStore.Header].FirstOrDefault();
        if (key is null || key.Length > IdempotencyStore.KeyLengthMax)
        {
            return false;
        }

        await transaction.ActAsAsync(call.Principal.Id, cancellationToken);
        var found = await idempotency.FindAsync(
            call.Principal.Id, key, IdempotencyStore.Fingerprint(http.Request, call.Body.Span), cancellationToken);
        if (!found.Succeeded || found.Value is null)
        {
            return false;
        }

        await transaction.RollbackAsync();
        await SendStoredAsync(http, found.Value, cancellationToken);
        return true;
    }

    private sealed record Claim(string? Key, byte[] Fingerprint, Guid? AuditId);

    /// <returns>Whether the outcome is recorded.</returns>
    private async Task<bool> HandleAsync(
        HttpContext http,
        EndpointRules rules,
        RequestDelegate next,
        Claim claim,
        CancellationToken cancellationToken)
    {
        var reply = await CapturedReply.RunAsync(http, next);
        if (!reply.Succeeded)
        {
            await transaction.RollbackAsync();
            if (claim.AuditId is not null)
            {
                await RecordRefusalAsync(claim.AuditId.Value, http.Response.StatusCode, cancellationToken);
            }

            await reply.SendAsync(cancellationToken);
            return true;
        }

        Invariant.Require(
            !call.HasUncheckedPrecondition || rules.Class == EndpointClass.Action,
            "a handler that was given If-Match calls CheckMatch");
        await db.SaveChangesAsync(cancellationToken);
        if (call.ValidateOnly)
        {
            await transaction.RollbackAsync();
            await PlanWriter.WriteAsync(http, rules, call.Plan, reply.Body, cancellationToken);
            return true;
        }

        if (claim.Key is not null)
        {
            await idempotency.StoreAsync(
                call.Principal.Id, claim.Key, claim.Fingerprint, http.Response, reply.Body, rules.SecretFields.Count > 0, cancellationToken);
        }

        await EndAuditAsync(claim.AuditId, "succeeded", http.Response.StatusCode, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        await reply.SendAsync(cancellationToken);
        return true;
    }

    private Failure? ReadConditions(HttpContext http, EndpointRules rules)
    {
        var key = http.Request.Headers[IdempotencyStore.Header].FirstOrDefault();
        if (key is { Length: 0 or > IdempotencyStore.KeyLengthMax })
        {
            return new Failure(
                PlatformErrors.MalformedRequest,
                $"{IdempotencyStore.Header} must have 1 to {IdempotencyStore.KeyLengthMax} characters.",
                IdempotencyStore.Header);
        }

        var ifMatch = http.Request.Headers.IfMatch.ToString();
        call.SetIfMatch(ifMatch.Length == 0 ? null : ifMatch);
        if (rules.RequiresIfMatch && ifMatch.Length == 0)
        {
            return new Failure(
                PlatformErrors.PreconditionRequired, "Send If-Match with the ETag of the resource's GET reply, or * for any.", "If-Match");
        }

        switch (http.Request.Query["validateOnly"].ToString())
        {
            case "" or "false":
                return null;
            case "true":
                call.ValidateOnly = true;
                return null;
            default:
                return new Failure(PlatformErrors.MalformedRequest, "validateOnly must be 'true' or 'false'.", "validateOnly");
        }
    }

    private AuditIntent Intent(HttpContext http, EndpointRules rules) => new(
        call.Entered?.OrganizationId,
        call.Principal,
        rules.OperationId(),
        http.Request.Path,
        http.GetRequestId(),
        http.Connection.RemoteIpAddress?.ToString());

    private async Task<bool> AnswerFromStoreAsync(
        HttpContext http,
        string key,
        byte[] fingerprint,
        CancellationToken cancellationToken)
    {
        var claimed = await idempotency.ClaimAsync(call.Principal.Id, key, fingerprint, cancellationToken);
        if (!claimed.TryGet(out var stored, out var failure))
        {
            await problems.WriteAsync(http, failure, cancellationToken: cancellationToken);
            return true;
        }

        if (stored is null)
        {
            return false;
        }

        await SendStoredAsync(http, stored, cancellationToken);
        return true;
    }

    private static async Task SendStoredAsync(HttpContext http, StoredReply stored, CancellationToken cancellationToken)
    {
        http.Response.StatusCode = stored.Status;
        foreach (var (name, value) in stored.Headers)
        {
            http.Response.Headers[name] = value;
        }

        if (stored.Body.Length > 0)
        {
            http.Response.ContentLength = stored.Body.Length;
            await http.Response.Body.WriteAsync(stored.Body, cancellationToken);
        }
    }

    private async Task EndAuditAsync(Guid? auditId, string outcome, int status, CancellationToken cancellationToken)
    {
        if (auditId is not null)
        {
            await audit.EndAsync(auditId.Value, outcome, status, cancellationToken);
        }
    }

    private async Task RecordRefusalAsync(Guid auditId, int status, CancellationToken cancellationToken)
    {
        await transaction.BeginAsync(cancellationToken);
        await audit.EndAsync(auditId, "refused", status, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>
    /// The handler threw. The exception is on its way to the boundary, so a database that is away as well must not replace it: the
    /// intent then stays without an outcome, which is exactly what is known.
    /// </summary>
    private async Task RecordFailureAsync(Guid auditId, int status)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        try
        {
            await transaction.BeginAsync(limit.Token);
            await audit.EndAsync(auditId, "failed", status, limit.Token);
            await transaction.CommitAsync(limit.Token);
        }
        catch (Exception unreachable) when (unreachable is Npgsql.NpgsqlException or OperationCanceledException or InvalidOperationException)
        {
            await transaction.AbandonAsync();
        }
    }
}
