using System.CommandLine;
using Cloud.ApiClient;

namespace Cloud.Cli.Commands;

/// <summary><c>cloudctl project …</c></summary>
internal static class ProjectCommand
{
    private static readonly Option<string?> Organization = new("--organization") { Description = "Id; needed where you belong to several." };

    public static Command Create() => new("project", "Projects, which group clusters.") { List(), Make(), Delete() };

    private static Command List()
    {
        var command = new Command("list", "List the projects of an organization.") { Organization };
        command.SetAction(async (parse, cancellationToken) =>
        {
            using var session = Session.Open(parse);
            var organization = await session.OrganizationAsync(parse.GetValue(Organization), cancellationToken);
            var projects = await session.Client.Organizations.ListProjectsAllAsync(organization, cancellationToken: cancellationToken)
                .ToListAsync(cancellationToken);
            Print(session.Output, projects);
            return 0;
        });
        return command;
    }

    private static Command Make()
    {
        var name = new Argument<string>("name") { Description = "Lower-case letters, digits and hyphens." };
        var command = new Command("create", "Make a project.") { name, Organization };
        command.SetAction(async (parse, cancellationToken) =>
        {
            using var session = Session.Open(parse);
            var organization = await session.OrganizationAsync(parse.GetValue(Organization), cancellationToken);
            var body = new CreateProjectRequest { Name = parse.GetValue(name)! }; // the parser demands it
            var created = await session.Client.Organizations.CreateProjectAsync(organization, body, cancellationToken: cancellationToken);
            Print(session.Output, [created.Value]);
            return 0;
        });
        return command;
    }

    private static Command Delete()
    {
        var project = new Argument<string>("project") { Description = "Id or name." };
        var command = new Command("delete", "Delete an empty project.") { project };
        command.SetAction(async (parse, cancellationToken) =>
        {
            using var session = Session.Open(parse);
            var id = await session.ProjectAsync(parse.GetValue(project), cancellationToken);
            await session.Client.Organizations.DeleteProjectAsync(id, new CallOptions { IfMatch = "*" }, cancellationToken);
            Output.Say($"Deleted {id}.");
            return 0;
        });
        return command;
    }

    private static void Print(Output output, IReadOnlyList<Project> projects) => output.Many(
        projects, ("id", row => row.Id), ("name", row => row.Name), ("organization", row => row.OrganizationId), ("created", row => row.CreatedAt));
}
