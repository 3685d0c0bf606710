using Cloud.Kernel;
using Cloud.Modules.Identity.Public;
using Cloud.Modules.Organizations.Data;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Access;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;
using Cloud.Modules.Platform.Paging;
using FluentValidation;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Organizations.Features;

internal sealed record OrganizationReply
{
    public required OrganizationId Id { get; init; }

    public required string Name { get; init; }

    /// <summary>Whether it came with a person's sign-up.</summary>
    public required bool IsPersonal { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public static OrganizationReply Of(Organization row) => new()
    {
        Id = row.Id, Name = row.Name, IsPersonal = row.IsPersonal, CreatedAt = row.CreatedAt,
    };
}

/// <summary>The organizations of which the caller is a member.</summary>
internal static class ListOrganizations
{
    private static readonly ListFields<Organization> Fields =
        ListFields<Organization>.By(row => row.CreatedAt, row => row.Id).With("name", row => row.Name, isSortable: true);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/organizations", HandleAsync)
        .SignedIn(EndpointClass.Query, "lists the organizations of which the caller is a member");

    private static async Task<Reply<Page<OrganizationReply>>> HandleAsync(
        [AsParameters] ListQuery query,
        Lister lister,
        CloudDbContext db,
        ApiCall call,
        TenantTransaction transaction,
        CancellationToken cancellationToken)
    {
        // An API key belongs to one organization; a person sees all theirs by their memberships.
        if (call.Principal.Kind == PrincipalKind.ApiKey)
        {
            var own = await ApiKeys.OrganizationOfAsync(transaction, call.Principal.Id, cancellationToken);
            await transaction.EnterOrganizationAsync(own, cancellationToken);
        }

        return await lister.ListAsync(db.Set<Organization>(), Fields, query, OrganizationReply.Of, cancellationToken);
    }
}

/// <summary>Founds an organization; the caller owns it, and it has a project named default.</summary>
internal static class CreateOrganization
{
    internal sealed record Request
    {
        public required string Name { get; init; }
    }

    internal sealed class Validator : AbstractValidator<Request>
    {
        public Validator() => RuleFor(request => request.Name).NotEmpty().MaximumLength(100);
    }

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/organizations", HandleAsync)
        .SignedIn(EndpointClass.ResourceWrite, "everybody may found an organization, and owns it")
        .Example(new Request { Name = "Example Works" });

    private static async Task<Reply<OrganizationReply>> HandleAsync(
        Request request,
        OrganizationFactory factory,
        ApiCall call,
        CancellationToken cancellationToken)
    {
        if (call.Principal.Kind != PrincipalKind.User)
        {
            return new Failure(PlatformErrors.Forbidden, "Only people found organizations; an API key belongs to one.");
        }

        var organization = await factory.CreateAsync(
            new UserId(call.Principal.Id), request.Name.Trim(), isPersonal: false, cancellationToken);
        return Reply.Created(OrganizationReply.Of(organization), $"/v1/organizations/{organization.Id}", organization.Version);
    }
}

/// <summary>One organization.</summary>
internal static class GetOrganization
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/organizations/{organization}", HandleAsync)
        .QueryOfAnyScope(Permissions.OrganizationsRead);

    private static async Task<Reply<OrganizationReply>> HandleAsync(
        OrganizationId organization,
        CloudDbContext db,
        CancellationToken cancellationToken)
    {
        var row = await db.Set<Organization>().AsNoTracking().SingleAsync(row => row.Id == organization, cancellationToken);
        return Reply.Ok(OrganizationReply.Of(row), row.Version);
    }
}

/// <summary>Renames an organization.</summary>
internal static class UpdateOrganization
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
        .MapPatch("/v1/organizations/{organization}", HandleAsync)
        .ResourceWrite(Permissions.OrganizationsUpdate)
        .Example(new Request { Name = "Example Works" });

    private static async Task<Reply<OrganizationReply>> HandleAsync(
        OrganizationId organization,
        Request request,
        CloudDbContext db,
        ApiCall call,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var row = await db.Set<Organization>().SingleAsync(row => row.Id == organization, cancellationToken);
        if (call.CheckMatch(row.Version) is { } changed)
        {
            return changed;
        }

        call.Plan.From = OrganizationReply.Of(row);
        row.Rename(request.Name?.Trim() ?? row.Name, time.GetUtcNow());
        return Reply.Ok(OrganizationReply.Of(row), row.Version);
    }
}

/// <summary>Deletes an organization whose projects are empty.</summary>
internal static class DeleteOrganization
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapDelete("/v1/organizations/{organization}", HandleAsync)
        .ResourceWrite(Permissions.OrganizationsDelete)
        .Fails(OrganizationErrors.OrganizationNotEmpty);

    private static async Task<Reply<Nothing>> HandleAsync(
        OrganizationId organization,
        CloudDbContext db,
        ApiCall call,
        OrganizationFactory factory,
        CancellationToken cancellationToken)
    {
        var row = await db.Set<Organization>().SingleAsync(row => row.Id == organization, cancellationToken);
        if (call.CheckMatch(row.Version) is { } changed)
        {
            return changed;
        }

        if (await factory.DescribeContentsAsync(cancellationToken) is { } contents)
        {
            return new Failure(OrganizationErrors.OrganizationNotEmpty, $"A project of the organization has {contents}.");
        }

        call.Plan.From = OrganizationReply.Of(row);
        db.Remove(row);
        return Reply.NoContent();
    }
}
