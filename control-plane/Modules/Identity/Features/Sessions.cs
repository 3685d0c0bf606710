using Cloud.Kernel;
using Cloud.Modules.Identity.Data;
using Cloud.Modules.Identity.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;
using Cloud.Modules.Platform.Paging;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Identity.Features;

/// <summary>A sign-in as its person sees it.</summary>
internal sealed record SessionReply
{
    public required SessionId Id { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset LastUsedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public required string? Address { get; init; }

    public required string? UserAgent { get; init; }

    /// <summary>Whether it is the one that asks.</summary>
    public required bool IsCurrent { get; init; }
}

/// <summary>The caller's live sessions.</summary>
internal static class ListSessions
{
    private static readonly ListFields<Session> Fields =
        ListFields<Session>.By(session => session.CreatedAt, session => session.Id);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/sessions", HandleAsync)
        .SignedIn(EndpointClass.Query, "lists the caller's own sessions");

    private static Task<Reply<Page<SessionReply>>> HandleAsync(
        [AsParameters] ListQuery query,
        Lister lister,
        CloudDbContext db,
        ApiCall call,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var user = new UserId(call.Principal.Id);
        var now = time.GetUtcNow();
        var live = db.Set<Session>().Where(session => session.UserId == user && session.RevokedAt == null && session.ExpiresAt > now);
        return lister.ListAsync(
            live,
            Fields,
            query,
            session => new SessionReply
            {
                Id = session.Id,
                CreatedAt = session.CreatedAt,
                LastUsedAt = session.LastUsedAt,
                ExpiresAt = session.ExpiresAt,
                Address = session.Address,
                UserAgent = session.UserAgent,
                IsCurrent = session.Id.Value == call.Principal.SessionId,
            },
            cancellationToken);
    }
}

/// <summary>Sign-out, here or elsewhere; the session's tokens stop working at once.</summary>
internal static class DeleteSession
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapDelete("/v1/sessions/{session}", HandleAsync)
        .SignedIn(EndpointClass.Action, "ends one of the caller's own sessions; 'current' names the one that asks")
        .Replies(StatusCodes.Status204NoContent);

    private static async Task<Reply<Nothing>> HandleAsync(
        string session,
        ApiCall call,
        TokenIssuer issuer,
        CancellationToken cancellationToken)
    {
        var current = call.Principal.SessionId is { } own ? new SessionId(own) : (SessionId?)null;
        var target = session == "current" ? current : TypedId.TryParse<SessionId>(session, out var id) ? id : null;
        var ended = target is null
            ? 0
            : await issuer.RevokeSessionsAsync(new UserId(call.Principal.Id), target, null, cancellationToken);
        return ended == 1 ? Reply.NoContent() : PlatformErrors.ResourceNotFound("session", session);
    }
}
