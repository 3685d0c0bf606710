using Cloud.Kernel;
using Cloud.Modules.Audit.Data;
using Cloud.Modules.Audit.Public;
using Cloud.Modules.Identity.Public;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Http;
using Cloud.Modules.Platform.Paging;

namespace Cloud.Modules.Audit.Features;

/// <summary>Who tried what, and how it ended.</summary>
internal sealed record AuditEventReply
{
    public required AuditEventId Id { get; init; }

    /// <summary>Id of the user or API key.</summary>
    public required string Principal { get; init; }

    /// <summary>The operation of this API, createCluster for example.</summary>
    public required string Action { get; init; }

    /// <summary>Path of the request.</summary>
    public required string Target { get; init; }

    public required string RequestId { get; init; }

    /// <summary>Where the request came from.</summary>
    public required string? Address { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>succeeded, replayed, refused or failed; null when the attempt was cut off before its outcome was recorded.</summary>
    public required string? Outcome { get; init; }

    /// <summary>The reply's HTTP status.</summary>
    public required int? Status { get; init; }

    public required DateTimeOffset? EndedAt { get; init; }
}

/// <summary>Attempts to change something in the organization.</summary>
internal static class ListAuditEvents
{
    private static readonly ListFields<AuditEvent> Fields = ListFields<AuditEvent>.By(row => row.CreatedAt, row => row.Id)
        .With("action", row => row.Action)
        .With("target", row => row.Target)
        .With("outcome", row => row.Outcome)
        .With("requestId", row => row.RequestId);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/organizations/{organization}/auditEvents", HandleAsync)
        .Query(Permissions.AuditRead);

    private static Task<Reply<Page<AuditEventReply>>> HandleAsync(
        OrganizationId organization,
        [AsParameters] ListQuery query,
        Lister lister,
        CloudDbContext db,
        CancellationToken cancellationToken) => lister.ListAsync(
        db.Set<AuditEvent>().Where(row => row.OrganizationId == organization), Fields, query, Describe, cancellationToken);

    private static AuditEventReply Describe(AuditEvent row) => new()
    {
        Id = row.Id,
        Principal = row.PrincipalKind == "user" ? new UserId(row.PrincipalId).ToString() : new ApiKeyId(row.PrincipalId).ToString(),
        Action = row.Action,
        Target = row.Target,
        RequestId = row.RequestId,
        Address = row.Address,
        CreatedAt = row.CreatedAt,
        Outcome = row.Outcome,
        Status = row.Status,
        EndedAt = row.EndedAt,
    };
}
