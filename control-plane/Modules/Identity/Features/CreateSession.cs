using System.Text.RegularExpressions;
using Cloud.Kernel;
using Cloud.Modules.Identity.Data;
using Cloud.Modules.Identity.Domain;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Http;
using FluentValidation;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Identity.Features;

/// <summary>Sign-in with e-mail address and password.</summary>
internal static partial class CreateSession
{
    internal sealed record Request
    {
        public required string Email { get; init; }

        public required string Password { get; init; }

        /// <summary>The code of the second factor: 6 to 8 digits; ignored for people without a second factor.</summary>
        public string? Totp { get; init; }
    }

    internal sealed partial class Validator : AbstractValidator<Request>
    {
        public Validator() => RuleFor(request => request.Totp)
            .Matches(Digits())
            .WithMessage("'totp' is the code of a second factor: 6 to 8 digits. Leave it out for people without one.");

        [GeneratedRegex(@"\A[0-9]{6,8}\z", RegexOptions.None, 1000)]
        private static partial Regex Digits();
    }

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/sessions", HandleAsync)
        .CredentialExchange("a person signs in")
        .Replies(StatusCodes.Status201Created)
        .ReturnsSecret("accessToken", "refreshToken")
        .Fails(IdentityErrors.InvalidCredentials, IdentityErrors.TooManyAttempts)
        .Example(new Request { Email = "ada@example.com", Password = "four random words here" });

    private static async Task<Reply<TokenReply>> HandleAsync(
        Request request,
        HttpContext http,
        CloudDbContext db,
        TenantTransaction transaction,
        PasswordHashing hashing,
        SignInFailures failures,
        TokenIssuer issuer,
        CancellationToken cancellationToken)
    {
        if (!EmailAddress.Parse(request.Email).TryGet(out var email, out _) || request.Password.Length > PasswordPolicy.LengthMax)
        {
            return WrongCredentials();
        }

        if (await failures.LockedForAsync(email, cancellationToken) is { } remaining)
        {
            return Reply.FailUntil<TokenReply>(
                new Failure(IdentityErrors.TooManyAttempts, $"Sign-in with this address is locked for {Math.Ceiling(remaining.TotalSeconds)} s."),
                remaining);
        }

        var user = await db.Set<User>().AsNoTracking()
            .SingleOrDefaultAsync(row => row.EmailNormalized == email.Normalized, cancellationToken);
        if (!await hashing.VerifyAsync(user?.PasswordHash, request.Password, cancellationToken) || user is null)
        {
            await failures.RecordFailureAsync(email, cancellationToken);
            return WrongCredentials();
        }

        await failures.ForgetAsync(email, cancellationToken);
        await transaction.BeginAsync(cancellationToken);
        var tokens = await issuer.BeginSessionAsync(user.Id, http, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return Reply.Ok(TokenReply.Of(tokens));
    }

    private static Reply<TokenReply> WrongCredentials() =>
        new Failure(IdentityErrors.InvalidCredentials, "No account has this e-mail address and password.");
}

/// <summary>Tokens for a signed-in person.</summary>
internal sealed record TokenReply
{
    public required string AccessToken { get; init; }

    /// <summary>Works once, at <c>/oauth/token</c> with <c>grant_type=refresh_token</c>.</summary>
    public required string RefreshToken { get; init; }

    /// <summary>Seconds until the access token ends.</summary>
    public required int ExpiresIn { get; init; }

    public string TokenType { get; init; } = "Bearer";

    public static TokenReply Of(IssuedTokens tokens) => new()
    {
        AccessToken = tokens.AccessToken,
        RefreshToken = tokens.RefreshToken ?? string.Empty,
        ExpiresIn = (int)tokens.ExpiresIn.TotalSeconds,
    };
}
