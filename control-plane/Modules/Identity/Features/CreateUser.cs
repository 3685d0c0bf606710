using Cloud.Kernel;
using Cloud.Modules.Identity.Data;
using Cloud.Modules.Identity.Domain;
using Cloud.Modules.Identity.Public;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Http;
using Cloud.Modules.Platform.Mail;
using FluentValidation;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Cloud.Modules.Identity.Features;

/// <summary>
/// Sign-up. The reply and the work behind it are the same whether or not the address is taken, so that nobody learns who has an
/// account here; the owner of a taken address gets a mail.
/// </summary>
internal static class CreateUser
{
    internal sealed record Request
    {
        public required string Email { get; init; }

        public required string Password { get; init; }

        /// <summary>How the person wants to be called.</summary>
        public required string Name { get; init; }

        /// <summary>From the operator's link of a new cloud: makes the person its operator, whatever the sign-up policy.</summary>
        public string? OperatorToken { get; init; }
    }

    /// <summary>What was asked for; whether it made an account is told by mail alone.</summary>
    internal sealed record Result(string Email, string Name);

    internal sealed class Validator : AbstractValidator<Request>
    {
        public Validator() => RuleFor(request => request.Name).NotEmpty().MaximumLength(100);
    }

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/users", HandleAsync)
        .CredentialExchange("a stranger signs up")
        .Replies(StatusCodes.Status201Created)
        .Fails(IdentityErrors.InvalidEmail, IdentityErrors.WeakPassword, IdentityErrors.SignUpClosed, IdentityErrors.InvalidOperatorLink)
        .Example(new Request { Email = "ada@example.com", Password = "four random words here", Name = "Ada" });

    private static async Task<Reply<Result>> HandleAsync(
        Request request,
        SignUp signUp,
        OperatorLink operatorLink,
        CloudSettings settings,
        CancellationToken cancellationToken)
    {
        if (!EmailAddress.Parse(request.Email).TryGet(out var email, out var failure))
        {
            return failure;
        }

        if (PasswordPolicy.Check(request.Password, email, "/password") is { } weak)
        {
            return weak;
        }

        if (request.OperatorToken is { } token)
        {
            if (!await operatorLink.IsValidAsync(token, cancellationToken))
            {
                return new Failure(
                    IdentityErrors.InvalidOperatorLink, "The operator's link was used before or is not of this cloud.", "/operatorToken");
            }
        }
        else if (settings.SignUp != SignUpPolicy.Open)
        {
            return new Failure(IdentityErrors.SignUpClosed, "Nobody can sign up here without an invitation.");
        }

        await signUp.RunAsync(email, request.Password, request.Name.Trim(), request.OperatorToken, cancellationToken);
        return Reply.Ok(new Result(email.Text, request.Name.Trim()));
    }
}

/// <summary>Makes the account with its personal organization, or mails the owner of a taken address.</summary>
internal sealed class SignUp(
    CloudDbContext db,
    TenantTransaction transaction,
    PasswordHashing hashing,
    IPersonalOrganizations organizations,
    OperatorLink operatorLink,
    IMailer mailer,
    TimeProvider time)
{
    public async Task RunAsync(
        EmailAddress email,
        string password,
        string name,
        string? operatorToken,
        CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var user = new User
        {
            Id = TypedId.New<UserId>(time),
            Email = email.Text,
            EmailNormalized = email.Normalized,
            Name = name,
            PasswordHash = await hashing.HashAsync(password, cancellationToken),
            CreatedAt = now,
            UpdatedAt = now,
        };
        await transaction.BeginAsync(cancellationToken);
        db.Add(user);
        if (!await TrySaveAsync(cancellationToken))
        {
            await transaction.RollbackAsync();
            await mailer.SendAsync(AlreadyHere(email), cancellationToken);
            return;
        }

        await organizations.CreateAsync(user.Id, name, cancellationToken);
        var isOperator = operatorToken is not null
            && await operatorLink.ClaimAsync(operatorToken, user.Id, transaction, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        if (isOperator)
        {
            operatorLink.RemoveFile();
        }

        await mailer.SendAsync(Welcome(email, name), cancellationToken);
    }

    private async Task<bool> TrySaveAsync(CancellationToken cancellationToken)
    {
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return true;
        }
        catch (DbUpdateException taken) when (taken.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return false;
        }
    }

    private static MailMessage Welcome(EmailAddress email, string name) => new(
        email.Text,
        "Your account is ready",
        $"Hello {name},\n\nyour account with this address is ready. Sign in and create your first cluster.");

    private static MailMessage AlreadyHere(EmailAddress email) => new(
        email.Text,
        "You already have an account",
        "Somebody, probably you, tried to sign up with this address, which has an account already.\n"
        + "Sign in with the password that you chose then. If it was not you, nothing needs to be done.");
}
