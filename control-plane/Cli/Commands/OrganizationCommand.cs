using System.CommandLine;
using Cloud.ApiClient;

namespace Cloud.Cli.Commands;

/// <summary><c>cloudctl organization …</c></summary>
internal static class OrganizationCommand
{
    public static Command Create()
    {
        var list = new Command("list", "List the organizations that you belong to.");
        list.SetAction(async (parse, cancellationToken) =>
        {
            using var session = Session.Open(parse);
            var organizations = await session.Client.Organizations.ListOrganizationsAllAsync(cancellationToken: cancellationToken)
                .ToListAsync(cancellationToken);
            session.Output.Many<Organization>(
                organizations, ("id", row => row.Id), ("name", row => row.Name), ("personal", row => row.IsPersonal), ("created", row => row.CreatedAt));
            return 0;
        });
        return new Command("organization", "Organizations, the tenants of the cloud.") { list };
    }
}
