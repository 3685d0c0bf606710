using Cloud.Kernel;
using Cloud.Modules.Organizations.Data;
using Cloud.Modules.Organizations.Domain;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Access;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;
using Cloud.Modules.Platform.Paging;
using Cloud.Modules.Platform.Secrets;
using FluentValidation;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Organizations.Features;

/// <summary>A program's credential without its secret.</summary>
internal record ApiKeyReply
{
    public required ApiKeyId Id { get; init; }

    public required string Name { get; init; }

    public required string Role { get; init; }

    /// <summary>Null when the key reaches the whole organization.</summary>
    public required ProjectId? Project { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null for never.</summary>
    public required DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Null while unused.</summary>
    public required DateTimeOffset? LastUsedAt { get; init; }

    public static ApiKeyReply Of(ApiKey row) => new()
    {
        Id = row.Id,
        Name = row.Name,
        Role = row.Role,
        Project = row.ProjectId,
        CreatedAt = row.CreatedAt,
        ExpiresAt = row.ExpiresAt,
        LastUsedAt = row.LastUsedAt,
    };
}

/// <summary>The API keys of an organization, without their secrets.</summary>
internal static class ListApiKeys
{
    private static readonly ListFields<ApiKey> Fields = ListFields<ApiKey>.By(row => row.CreatedAt, row => row.Id)
        .With("name", row => row.Name, isSortable: true)
        .With("role", row => row.Role);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/organizations/{organization}/apiKeys", HandleAsync)
        .Query(Permissions.ApiKeysRead);

    private static Task<Reply<Page<ApiKeyReply>>> HandleAsync(
        OrganizationId organization,
        [AsParameters] ListQuery query,
        Lister lister,
        CloudDbContext db,
        CancellationToken cancellationToken) => lister.ListAsync(
        db.Set<ApiKey>().Where(row => row.OrganizationId == organization), Fields, query, ApiKeyReply.Of, cancellationToken);
}

/// <summary>Makes an API key; its secret is in this reply alone.</summary>
internal static class CreateApiKey
{
    internal sealed record Request
    {
        public required string Name { get; init; }

        /// <summary>Name of a role; it may not allow more than the caller may.</summary>
        public required string Role { get; init; }

        /// <summary>Limits the key to one project; null reaches the whole organization.</summary>
        public ProjectId? Project { get; init; }

        /// <summary>Null for never.</summary>
        public DateTimeOffset? ExpiresAt { get; init; }
    }

    /// <summary>The key with its secret, which is shown this once.</summary>
    internal sealed record Created : ApiKeyReply
    {
        /// <summary>The OAuth client id; the same as the id.</summary>
        public required ApiKeyId ClientId { get; init; }

        public required string ClientSecret { get; init; }
    }

    internal sealed class Validator : AbstractValidator<Request>
    {
        public Validator(TimeProvider time)
        {
            RuleFor(request => request.Name).NotEmpty().MaximumLength(100);
            RuleFor(request => request.Role).NotEmpty();
            RuleFor(request => request.ExpiresAt)
                .Must(expiresAt => expiresAt > time.GetUtcNow())
                .When(request => request.ExpiresAt is not null)
                .WithErrorCode("in-the-past")
                .WithMessage("A key must expire in the future.");
        }
    }

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/organizations/{organization}/apiKeys", HandleAsync)
        .ResourceWrite(Permissions.ApiKeysManage)
        .ReturnsSecret("clientSecret")
        .Fails(OrganizationErrors.UnknownRole, OrganizationErrors.UnknownScope, OrganizationErrors.RoleExceedsOwn)
        .Example(new Request { Name = "deployments", Role = RoleCatalog.ProjectDeveloper });

    private static async Task<Reply<Created>> HandleAsync(
        OrganizationId organization,
        Request request,
        CloudDbContext db,
        ApiCall call,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (GrantPolicy.Check(call.Access, request.Role, request.Project?.Value, null, "/role") is { } refused)
        {
            return refused;
        }

        var isForeign = request.Project is { } project
            && !await db.Set<Project>().AnyAsync(row => row.Id == project, cancellationToken);
        if (isForeign)
        {
            return new Failure(OrganizationErrors.UnknownScope, $"The organization has no project '{request.Project}'.", "/project");
        }

        var secret = SecretTokens.New("cks");
        var key = new ApiKey
        {
            Id = TypedId.New<ApiKeyId>(time),
            OrganizationId = organization,
            ProjectId = request.Project,
            Name = request.Name.Trim(),
            Role = request.Role,
            SecretHash = Admission.HashToken(secret),
            CreatedBy = call.Principal.Id,
            CreatedAt = time.GetUtcNow(),
            ExpiresAt = request.ExpiresAt?.ToUniversalTime(),
        };
        db.Add(key);
        db.Add(new RoleBinding
        {
            Id = TypedId.New<RoleBindingId>(time),
            OrganizationId = organization,
            PrincipalKind = BoundPrincipalKind.ApiKey,
            PrincipalId = key.Id.Value,
            Role = request.Role,
            ScopeKind = request.Project is null ? ScopeKind.Organization : ScopeKind.Project,
            ScopeId = request.Project?.Value ?? organization.Value,
            CreatedAt = key.CreatedAt,
        });
        return Reply.Created(
            new Created
            {
                Id = key.Id,
                Name = key.Name,
                Role = key.Role,
                Project = key.ProjectId,
                CreatedAt = key.CreatedAt,
                ExpiresAt = key.ExpiresAt,
                LastUsedAt = null,
                ClientId = key.Id,
                ClientSecret = secret,
            },
            $"/v1/organizations/{organization}/apiKeys/{key.Id}",
            key.Version);
    }
}

/// <summary>One API key, without its secret.</summary>
internal static class GetApiKey
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/organizations/{organization}/apiKeys/{apiKey}", HandleAsync)
        .Query(Permissions.ApiKeysRead);

    private static async Task<Reply<ApiKeyReply>> HandleAsync(
        OrganizationId organization,
        ApiKeyId apiKey,
        CloudDbContext db,
        CancellationToken cancellationToken)
    {
        var row = await db.Set<ApiKey>().AsNoTracking()
            .SingleOrDefaultAsync(row => row.OrganizationId == organization && row.Id == apiKey, cancellationToken);
        return row is null ? PlatformErrors.ResourceNotFound("API key", apiKey) : Reply.Ok(ApiKeyReply.Of(row), row.Version);
    }
}

/// <summary>Revokes the key: its tokens stop working at once.</summary>
internal static class DeleteApiKey
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapDelete("/v1/organizations/{organization}/apiKeys/{apiKey}", HandleAsync)
        .ResourceWrite(Permissions.ApiKeysManage);

    private static async Task<Reply<Nothing>> HandleAsync(
        OrganizationId organization,
        ApiKeyId apiKey,
        CloudDbContext db,
        ApiCall call,
        CancellationToken cancellationToken)
    {
        var row = await db.Set<ApiKey>()
            .SingleOrDefaultAsync(row => row.OrganizationId == organization && row.Id == apiKey, cancellationToken);
        if (row is null)
        {
            return PlatformErrors.ResourceNotFound("API key", apiKey);
        }

        if (call.CheckMatch(row.Version) is { } changed)
        {
            return changed;
        }

        call.Plan.From = ApiKeyReply.Of(row);
        await db.Set<RoleBinding>().Where(binding => binding.PrincipalId == apiKey.Value).ExecuteDeleteAsync(cancellationToken);
        db.Remove(row);
        return Reply.NoContent();
    }
}
