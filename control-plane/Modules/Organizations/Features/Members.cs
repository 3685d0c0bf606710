using Cloud.Kernel;
using Cloud.Modules.Identity.Public;
using Cloud.Modules.Organizations.Data;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;
using Cloud.Modules.Platform.Paging;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Organizations.Features;

/// <summary>A person in an organization.</summary>
internal sealed record MemberReply
{
    public required UserId UserId { get; init; }

    public required string Email { get; init; }

    public required string Name { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The people in an organization.</summary>
internal static class ListMembers
{
    private static readonly ListFields<MemberReply> Fields = ListFields<MemberReply>.By(row => row.CreatedAt, row => row.UserId)
        .With("email", row => row.Email)
        .With("name", row => row.Name, isSortable: true);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/organizations/{organization}/members", HandleAsync)
        .Query(Permissions.MembersRead);

    private static Task<Reply<Page<MemberReply>>> HandleAsync(
        OrganizationId organization,
        [AsParameters] ListQuery query,
        Lister lister,
        CloudDbContext db,
        CancellationToken cancellationToken)
    {
        var rows = db.Set<Member>()
            .Where(member => member.OrganizationId == organization)
            .Join(People.All(db), member => member.UserId, person => person.Id, (member, person) => new { member, person })
            .Select(joined => new MemberReply
            {
                UserId = joined.person.Id, Email = joined.person.Email, Name = joined.person.Name, CreatedAt = joined.member.CreatedAt,
            });
        return lister.ListAsync(rows, Fields, query, row => row, cancellationToken);
    }
}

/// <summary>Takes a person out of the organization, with all their roles in it.</summary>
internal static class DeleteMember
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapDelete("/v1/organizations/{organization}/members/{user}", HandleAsync)
        .ResourceWrite(Permissions.MembersManage)
        .Fails(OrganizationErrors.LastOwner);

    private static async Task<Reply<Nothing>> HandleAsync(
        OrganizationId organization,
        UserId user,
        CloudDbContext db,
        ApiCall call,
        OrganizationFactory factory,
        CancellationToken cancellationToken)
    {
        var member = await db.Set<Member>()
            .SingleOrDefaultAsync(row => row.OrganizationId == organization && row.UserId == user, cancellationToken);
        if (member is null)
        {
            return PlatformErrors.ResourceNotFound("member", user);
        }

        if (call.CheckMatch(1) is { } changed)
        {
            return changed;
        }

        if (!await factory.HasOtherOwnerAsync(organization, user.Value, cancellationToken))
        {
            return new Failure(OrganizationErrors.LastOwner, $"{user} is the organization's only owner.");
        }

        await db.Set<RoleBinding>().Where(row => row.PrincipalId == user.Value).ExecuteDeleteAsync(cancellationToken);
        db.Remove(member);
        return Reply.NoContent();
    }
}
