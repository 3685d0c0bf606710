using Cloud.Kernel;
using Cloud.Modules.Identity.Data;
using Cloud.Modules.Identity.Domain;
using Cloud.Modules.Identity.Public;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Access;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;
using FluentValidation;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Identity.Features;

/// <summary>A person as they see themselves.</summary>
internal sealed record UserReply
{
    public required UserId Id { get; init; }

    public required string Email { get; init; }

    public required string Name { get; init; }

    public required bool IsOperator { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public static UserReply Of(User user) => new()
    {
        Id = user.Id, Email = user.Email, Name = user.Name, IsOperator = user.IsOperator, CreatedAt = user.CreatedAt,
    };
}

/// <summary>Finds the caller's own row.</summary>
internal static class Caller
{
    /// <summary>A failure when the caller is a program: API keys are no people.</summary>
    public static async Task<Outcome<User>> FindAsync(CloudDbContext db, ApiCall call, CancellationToken cancellationToken)
    {
        var id = new UserId(call.Principal.Id);
        var user = call.Principal.Kind == PrincipalKind.User
            ? await db.Set<User>().SingleOrDefaultAsync(row => row.Id == id, cancellationToken)
            : null;
        return user is null
            ? new Failure(PlatformErrors.NotFound, "The caller is a program with an API key, which has no user of its own.")
            : user;
    }
}

/// <summary>The caller's own account.</summary>
internal static class GetMe
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/users/me", HandleAsync)
        .SignedIn(EndpointClass.Query, "the caller's own account");

    private static async Task<Reply<UserReply>> HandleAsync(CloudDbContext db, ApiCall call, CancellationToken cancellationToken) =>
        (await Caller.FindAsync(db, call, cancellationToken)).TryGet(out var user, out var failure)
            ? Reply.Ok(UserReply.Of(user), user.Version)
            : failure;
}

/// <summary>Changes the caller's own account.</summary>
internal static class UpdateMe
{
    internal sealed record Request
    {
        /// <summary>Unchanged when absent.</summary>
        public string? Name { get; init; }
    }

    internal sealed class Validator : AbstractValidator<Request>
    {
        public Validator() => RuleFor(request => request.Name).NotEmpty().MaximumLength(100).When(request => request.Name is not null);
    }

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPatch("/v1/users/me", HandleAsync)
        .SignedIn(EndpointClass.ResourceWrite, "the caller's own account")
        .Example(new Request { Name = "Ada" });

    private static async Task<Reply<UserReply>> HandleAsync(
        Request request,
        CloudDbContext db,
        ApiCall call,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (!(await Caller.FindAsync(db, call, cancellationToken)).TryGet(out var user, out var failure))
        {
            return failure;
        }

        if (call.CheckMatch(user.Version) is { } changed)
        {
            return changed;
        }

        call.Plan.From = UserReply.Of(user);
        user.Rename(request.Name?.Trim() ?? user.Name, time.GetUtcNow());
        return Reply.Ok(UserReply.Of(user), user.Version);
    }
}

/// <summary>Deletes the person, their sessions, and the organizations that are theirs alone and empty.</summary>
internal static class DeleteMe
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapDelete("/v1/users/me", HandleAsync)
        .SignedIn(EndpointClass.ResourceWrite, "the caller's own account")
        .Fails(IdentityErrors.UserOwnsOrganizations);

    private static async Task<Reply<Nothing>> HandleAsync(
        CloudDbContext db,
        ApiCall call,
        IPersonalOrganizations organizations,
        CancellationToken cancellationToken)
    {
        if (!(await Caller.FindAsync(db, call, cancellationToken)).TryGet(out var user, out var failure))
        {
            return failure;
        }

        if (call.CheckMatch(user.Version) is { } changed)
        {
            return changed;
        }

        if (await organizations.LeaveAllAsync(user.Id, cancellationToken) is { } kept)
        {
            return new Failure(
                IdentityErrors.UserOwnsOrganizations,
                $"Organization '{kept}' has clusters and no other owner. Delete and purge its clusters, or give it another owner first.");
        }

        db.Remove(user);
        return Reply.NoContent();
    }
}

/// <summary>Changes the caller's password and ends all their other sessions.</summary>
internal static class ChangePassword
{
    internal sealed record Request
    {
        public required string CurrentPassword { get; init; }

        public required string NewPassword { get; init; }
    }

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/users/me:changePassword", HandleAsync)
        .SignedIn(EndpointClass.Action, "the caller's own password; all other sessions end")
        .Replies(StatusCodes.Status204NoContent)
        .Fails(IdentityErrors.WrongPassword, IdentityErrors.WeakPassword, IdentityErrors.TooManyAttempts, IdentityErrors.InvalidEmail)
        .Example(new Request { CurrentPassword = "four random words here", NewPassword = "five other random words here" });

    private static async Task<Reply<Nothing>> HandleAsync(
        Request request,
        CloudDbContext db,
        ApiCall call,
        PasswordHashing hashing,
        SignInFailures failures,
        TokenIssuer issuer,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (!(await Caller.FindAsync(db, call, cancellationToken)).TryGet(out var user, out var failure)
            || !EmailAddress.Parse(user.Email).TryGet(out var email, out failure))
        {
            return failure;
        }

        if (await failures.LockedForAsync(email, cancellationToken) is { } remaining)
        {
            return Reply.FailUntil<Nothing>(
                new Failure(IdentityErrors.TooManyAttempts, "The password was wrong too often."), remaining);
        }

        var isRight = request.CurrentPassword.Length <= PasswordPolicy.LengthMax
            && await hashing.VerifyAsync(user.PasswordHash, request.CurrentPassword, cancellationToken);
        if (!isRight)
        {
            await failures.RecordFailureAsync(email, cancellationToken);
            return new Failure(IdentityErrors.WrongPassword, "The current password is another one.", "/currentPassword");
        }

        if (PasswordPolicy.Check(request.NewPassword, email, "/newPassword") is { } weak)
        {
            return weak;
        }

        user.PasswordHash = await hashing.HashAsync(request.NewPassword, cancellationToken);
        user.UpdatedAt = time.GetUtcNow();
        SessionId? current = call.Principal.SessionId is { } session ? new SessionId(session) : null;
        await issuer.RevokeSessionsAsync(user.Id, null, current, cancellationToken);
        return Reply.NoContent();
    }
}

/// <summary>Makes the caller operator of the cloud, by the one-time link that it wrote at its first start.</summary>
internal static class ClaimOperator
{
    internal sealed record Request
    {
        /// <summary>The token in the operator's link.</summary>
        public required string Token { get; init; }
    }

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/users/me:claimOperator", HandleAsync)
        .SignedIn(EndpointClass.Action, "needs the secret link instead of a permission")
        .Replies(StatusCodes.Status204NoContent)
        .Fails(IdentityErrors.InvalidOperatorLink)
        .Example(new Request { Token = "col_Zm91ciByYW5kb20gd29yZHMgaGVyZQ" });

    private static async Task<Reply<Nothing>> HandleAsync(
        Request request,
        ApiCall call,
        OperatorLink link,
        TenantTransaction transaction,
        CancellationToken cancellationToken)
    {
        // The file stays until the next start finds that there is an operator; its token is used up with this commit.
        var isClaimed = call.Principal.Kind == PrincipalKind.User
            && await link.ClaimAsync(request.Token, new UserId(call.Principal.Id), transaction, cancellationToken);
        return isClaimed
            ? Reply.NoContent()
            : new Failure(IdentityErrors.InvalidOperatorLink, "The operator's link was used before or is not of this cloud.", "/token");
    }
}
