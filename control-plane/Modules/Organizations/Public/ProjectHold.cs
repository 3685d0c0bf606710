using Cloud.Modules.Platform.Data;

namespace Cloud.Modules.Organizations.Public;

/// <summary>
/// Keeps "something is put into a project" and "the project is deleted" apart. Invariant: who adds to a project holds its row shared,
/// who deletes it holds the row alone before looking whether it is empty; both until their transaction ends.
/// Source: PostgreSQL documentation, "Explicit Locking", row-level locks.
/// </summary>
internal static class ProjectHold
{
    /// <summary>For those who add to the project. False: it is gone.</summary>
    public static Task<bool> TryShareAsync(CloudDbContext db, ProjectId project, CancellationToken cancellationToken) =>
        TryAsync(db, project, "for key share", cancellationToken);

    /// <summary>For those who delete the project; waits for all who are adding to it. False: it is gone.</summary>
    public static Task<bool> TryTakeAsync(CloudDbContext db, ProjectId project, CancellationToken cancellationToken) =>
        TryAsync(db, project, "for update", cancellationToken);

    private static async Task<bool> TryAsync(CloudDbContext db, ProjectId project, string strength, CancellationToken cancellationToken)
    {
        await using var command = db.Sql($"select true from cloud.projects where id = @id {strength}", ("id", project.Value));
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }
}
