using Cloud.Kernel;
using Cloud.Modules.Identity.Public;
using Cloud.Modules.Organizations.Data;
using Cloud.Modules.Organizations.Domain;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;
using Cloud.Modules.Platform.Paging;
using FluentValidation;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Cloud.Modules.Organizations.Features;

/// <summary>A set of permissions that can be granted.</summary>
internal sealed record RoleReply
{
    public required string Name { get; init; }

    public required string Description { get; init; }

    /// <summary>By name.</summary>
    public required IReadOnlyList<string> Permissions { get; init; }
}

/// <summary>The roles that can be granted, with their permissions.</summary>
internal static class ListRoles
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/organizations/{organization}/roles", Handle)
        .QueryOfAnyScope(Permissions.RolesRead);

    private static Reply<Page<RoleReply>> Handle(OrganizationId organization)
    {
        _ = organization;
        var roles = RoleCatalog.All.Values.OrderBy(role => role.Name, StringComparer.Ordinal).Select(role => new RoleReply
        {
            Name = role.Name,
            Description = role.Description,
            Permissions = [.. role.Permissions.Order(StringComparer.Ordinal)],
        });
        return Reply.Ok(new Page<RoleReply>([.. roles], null));
    }
}

/// <summary>The grant of a role.</summary>
internal sealed record RoleBindingReply
{
    public required RoleBindingId Id { get; init; }

    /// <summary>Id of a user or API key.</summary>
    public required string Principal { get; init; }

    public required string Role { get; init; }

    /// <summary>Id of the organization, project or cluster at which the role holds, and below.</summary>
    public required string Scope { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public static RoleBindingReply Of(RoleBinding row) => new()
    {
        Id = row.Id,
        Principal = row.PrincipalKind == BoundPrincipalKind.User
            ? new UserId(row.PrincipalId).ToString()
            : new ApiKeyId(row.PrincipalId).ToString(),
        Role = row.Role,
        Scope = row.ScopeKind switch
        {
            ScopeKind.Organization => new OrganizationId(row.ScopeId).ToString(),
            ScopeKind.Project => new ProjectId(row.ScopeId).ToString(),
            _ => new ClusterId(row.ScopeId).ToString(),
        },
        CreatedAt = row.CreatedAt,
    };
}

/// <summary>Who has which role where in an organization.</summary>
internal static class ListRoleBindings
{
    private static readonly ListFields<RoleBinding> Fields =
        ListFields<RoleBinding>.By(row => row.CreatedAt, row => row.Id).With("role", row => row.Role);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/organizations/{organization}/roleBindings", HandleAsync)
        .Query(Permissions.MembersRead);

    private static Task<Reply<Page<RoleBindingReply>>> HandleAsync(
        OrganizationId organization,
        [AsParameters] ListQuery query,
        Lister lister,
        CloudDbContext db,
        CancellationToken cancellationToken) => lister.ListAsync(
        db.Set<RoleBinding>().Where(row => row.OrganizationId == organization), Fields, query, RoleBindingReply.Of, cancellationToken);
}

/// <summary>Grants a role to a member or API key; nobody grants more than they may.</summary>
internal static class CreateRoleBinding
{
    internal sealed record Request
    {
        /// <summary>Id of a member or API key of the organization.</summary>
        public required string Principal { get; init; }

        /// <summary>Name of a role; it may not allow more than the caller may.</summary>
        public required string Role { get; init; }

        /// <summary>Id of a project or cluster; null for the whole organization.</summary>
        public string? Scope { get; init; }
    }

    internal sealed class Validator : AbstractValidator<Request>
    {
        public Validator()
        {
            RuleFor(request => request.Principal).NotEmpty();
            RuleFor(request => request.Role).NotEmpty();
        }
    }

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/organizations/{organization}/roleBindings", HandleAsync)
        .ResourceWrite(Permissions.RoleBindingsManage)
        .Fails(
            OrganizationErrors.UnknownRole,
            OrganizationErrors.UnknownPrincipal,
            OrganizationErrors.UnknownScope,
            OrganizationErrors.RoleExceedsOwn,
            OrganizationErrors.RoleBound)
        .Example(new Request { Principal = "usr_01j9z3k8b5v6w7x8y9z0a1b2c3", Role = RoleCatalog.ProjectViewer });

    private static async Task<Reply<RoleBindingReply>> HandleAsync(
        OrganizationId organization,
        Request request,
        CloudDbContext db,
        ApiCall call,
        BindingScopes scopes,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (!(await scopes.FindAsync(organization, request.Scope, cancellationToken)).TryGet(out var scope, out var failure)
            || !(await FindPrincipalAsync(db, request.Principal, cancellationToken)).TryGet(out var principal, out failure))
        {
            return failure;
        }

        if (GrantPolicy.Check(call.Access, request.Role, scope.ProjectId, scope.ClusterId, "/role") is { } refused)
        {
            return refused;
        }

        var binding = new RoleBinding
        {
            Id = TypedId.New<RoleBindingId>(time),
            OrganizationId = organization,
            PrincipalKind = principal.Kind,
            PrincipalId = principal.Id,
            Role = request.Role,
            ScopeKind = scope.Kind,
            ScopeId = scope.Id,
            CreatedAt = time.GetUtcNow(),
        };
        db.Add(binding);
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException bound) when (bound.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return new Failure(OrganizationErrors.RoleBound, $"{request.Principal} has '{request.Role}' there already.");
        }

        return Reply.Created(RoleBindingReply.Of(binding), $"/v1/organizations/{organization}/roleBindings/{binding.Id}", 1);
    }

    private static async Task<Outcome<(BoundPrincipalKind Kind, Guid Id)>> FindPrincipalAsync(
        CloudDbContext db,
        string principal,
        CancellationToken cancellationToken)
    {
        if (TypedId.TryParse<UserId>(principal, out var user)
            && await db.Set<Member>().AnyAsync(row => row.UserId == user, cancellationToken))
        {
            return (BoundPrincipalKind.User, user.Value);
        }

        if (TypedId.TryParse<ApiKeyId>(principal, out var key)
            && await db.Set<ApiKey>().AnyAsync(row => row.Id == key, cancellationToken))
        {
            return (BoundPrincipalKind.ApiKey, key.Value);
        }

        return new Failure(
            OrganizationErrors.UnknownPrincipal, $"The organization has no member or API key '{principal}'.", "/principal");
    }
}

/// <summary>Takes a role away; an organization keeps its last owner.</summary>
internal static class DeleteRoleBinding
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapDelete("/v1/organizations/{organization}/roleBindings/{binding}", HandleAsync)
        .ResourceWrite(Permissions.RoleBindingsManage)
        .Fails(OrganizationErrors.LastOwner);

    private static async Task<Reply<Nothing>> HandleAsync(
        OrganizationId organization,
        RoleBindingId binding,
        CloudDbContext db,
        ApiCall call,
        OrganizationFactory factory,
        CancellationToken cancellationToken)
    {
        var row = await db.Set<RoleBinding>()
            .SingleOrDefaultAsync(row => row.OrganizationId == organization && row.Id == binding, cancellationToken);
        if (row is null)
        {
            return PlatformErrors.ResourceNotFound("role binding", binding);
        }

        if (call.CheckMatch(1) is { } changed)
        {
            return changed;
        }

        var ownsAll = row.Role == RoleCatalog.OrganizationOwner && row.ScopeId == organization.Value;
        if (ownsAll && !await factory.HasOtherOwnerAsync(organization, row.PrincipalId, cancellationToken))
        {
            return new Failure(OrganizationErrors.LastOwner, "This is the role of the organization's only owner.");
        }

        call.Plan.From = RoleBindingReply.Of(row);
        db.Remove(row);
        return Reply.NoContent();
    }
}
