using Cloud.Kernel;
using Cloud.Modules.Organizations.Data;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Http;
using FluentValidation;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Cloud.Modules.Organizations.Features;

internal sealed record ProjectReply
{
    public required ProjectId Id { get; init; }

    public required OrganizationId OrganizationId { get; init; }

    public required string Name { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public static ProjectReply Of(Project row) => new()
    {
        Id = row.Id, OrganizationId = row.OrganizationId, Name = row.Name, CreatedAt = row.CreatedAt,
    };
}

/// <summary>The rule for names of projects, and what a taken one is answered with.</summary>
internal static class ProjectNames
{
    public static IRuleBuilderOptions<T, string?> ProjectName<T>(this IRuleBuilder<T, string?> rule) => rule
        .NotEmpty()
        .Matches("^[a-z][a-z0-9-]{0,61}[a-z0-9]$|^[a-z]$")
        .WithErrorCode("name-form")
        .WithMessage("A name has 1 to 63 lower-case letters, digits and hyphens, and begins with a letter.");

    /// <summary>Saves; a name that is taken becomes a failure that points at its holder.</summary>
    /// <returns>Null when saved.</returns>
    public static async Task<Reply<ProjectReply>?> TrySaveAsync(CloudDbContext db, string name, CancellationToken cancellationToken)
    {
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateException taken) when (taken.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            db.ChangeTracker.Clear();
            var holder = await db.Set<Project>().AsNoTracking().SingleAsync(row => row.Name == name, cancellationToken);
            return Reply.FailAt<ProjectReply>(
                new Failure(OrganizationErrors.ProjectNameTaken, $"Project {holder.Id} is named '{name}'.", "/name"),
                $"/v1/projects/{holder.Id}");
        }
    }
}

/// <summary>Makes a project; its name is unique in the organization.</summary>
internal static class CreateProject
{
    internal sealed record Request
    {
        public required string Name { get; init; }
    }

    internal sealed class Validator : AbstractValidator<Request>
    {
        public Validator() => RuleFor(request => request.Name).ProjectName();
    }

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/organizations/{organization}/projects", HandleAsync)
        .ResourceWrite(Permissions.ProjectsCreate)
        .Fails(OrganizationErrors.ProjectNameTaken)
        .Example(new Request { Name = "orders" });

    private static async Task<Reply<ProjectReply>> HandleAsync(
        OrganizationId organization,
        Request request,
        CloudDbContext db,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var project = new Project
        {
            Id = TypedId.New<ProjectId>(time), OrganizationId = organization, Name = request.Name, CreatedAt = now, UpdatedAt = now,
        };
        db.Add(project);
        return await ProjectNames.TrySaveAsync(db, request.Name, cancellationToken)
            ?? Reply.Created(ProjectReply.Of(project), $"/v1/projects/{project.Id}", project.Version);
    }
}

/// <summary>One project.</summary>
internal static class GetProject
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/projects/{project}", HandleAsync)
        .Query(Permissions.ProjectsRead);

    internal static async Task<Reply<ProjectReply>> HandleAsync(
        ProjectId project,
        CloudDbContext db,
        CancellationToken cancellationToken)
    {
        var row = await db.Set<Project>().AsNoTracking().SingleAsync(row => row.Id == project, cancellationToken);
        return Reply.Ok(ProjectReply.Of(row), row.Version);
    }
}

/// <summary>Renames a project.</summary>
internal static class UpdateProject
{
    internal sealed record Request
    {
        /// <summary>Unchanged when absent.</summary>
        public string? Name { get; init; }
    }

    internal sealed class Validator : AbstractValidator<Request>
    {
        public Validator() => RuleFor(request => request.Name).ProjectName().When(request => request.Name is not null);
    }

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPatch("/v1/projects/{project}", HandleAsync)
        .ResourceWrite(Permissions.ProjectsUpdate)
        .Fails(OrganizationErrors.ProjectNameTaken)
        .Example(new Request { Name = "orders" });

    internal static async Task<Reply<ProjectReply>> HandleAsync(
        ProjectId project,
        Request request,
        CloudDbContext db,
        ApiCall call,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var row = await db.Set<Project>().SingleAsync(row => row.Id == project, cancellationToken);
        if (call.CheckMatch(row.Version) is { } changed)
        {
            return changed;
        }

        call.Plan.From = ProjectReply.Of(row);
        row.Rename(request.Name ?? row.Name, time.GetUtcNow());
        return await ProjectNames.TrySaveAsync(db, row.Name, cancellationToken) ?? Reply.Ok(ProjectReply.Of(row), row.Version);
    }
}

/// <summary>Deletes an empty project, with the roles bound at it and its API keys.</summary>
internal static class DeleteProject
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapDelete("/v1/projects/{project}", HandleAsync)
        .ResourceWrite(Permissions.ProjectsDelete)
        .Fails(OrganizationErrors.ProjectNotEmpty);

    internal static async Task<Reply<Nothing>> HandleAsync(
        ProjectId project,
        CloudDbContext db,
        ApiCall call,
        OrganizationFactory factory,
        CancellationToken cancellationToken)
    {
        var row = await db.Set<Project>().SingleAsync(row => row.Id == project, cancellationToken);
        if (call.CheckMatch(row.Version) is { } changed)
        {
            return changed;
        }

        if (await factory.DescribeContentsAsync(project, cancellationToken) is { } contents)
        {
            return new Failure(OrganizationErrors.ProjectNotEmpty, $"The project has {contents}.");
        }

        call.Plan.From = ProjectReply.Of(row);
        await factory.RemoveBindingsAsync(project, cancellationToken);
        db.Remove(row);
        return Reply.NoContent();
    }
}
