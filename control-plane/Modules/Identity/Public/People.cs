using Cloud.Modules.Identity.Data;
using Cloud.Modules.Platform.Data;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Identity.Public;

/// <summary>What other modules may know of a person.</summary>
internal sealed record Person
{
    public required UserId Id { get; init; }

    public required string Email { get; init; }

    public required string Name { get; init; }
}

/// <summary>The people of this cloud, to be joined in queries.</summary>
internal static class People
{
    /// <summary>Everybody; not bound to a tenant, so a caller joins it with rows that are.</summary>
    public static IQueryable<Person> All(CloudDbContext db) =>
        db.Set<User>().Select(user => new Person { Id = user.Id, Email = user.Email, Name = user.Name });
}
