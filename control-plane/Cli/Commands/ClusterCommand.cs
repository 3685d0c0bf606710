using System.CommandLine;
using Cloud.ApiClient;

namespace Cloud.Cli.Commands;

/// <summary><c>cloudctl cluster …</c></summary>
internal static class ClusterCommand
{
    private static readonly Option<string?> Project = new("--project") { Description = "Id or name; the profile's or 'default' when absent." };
    private static readonly Option<bool> NoWait = new("--no-wait") { Description = "Return at once; the operation goes on." };
    private static readonly Argument<string> Name = new("cluster") { Description = "Id, or name within the project." };

    public static Command Create() => new("cluster", "Database clusters.") { List(), Make(), Get(), Delete() };

    private static Command List()
    {
        var deleted = new Option<bool>("--show-deleted") { Description = "Also those that can still be undeleted." };
        var command = new Command("list", "List the clusters of a project.") { Project, deleted };
        command.SetAction(async (parse, cancellationToken) =>
        {
            using var session = Session.Open(parse);
            var project = await session.ProjectAsync(parse.GetValue(Project), cancellationToken);
            var clusters = await session.Client.Clusters
                .ListClustersAllAsync(project, showDeleted: parse.GetValue(deleted), cancellationToken: cancellationToken)
                .ToListAsync(cancellationToken);
            session.Output.Many(
                clusters,
                ("id", row => row.Id),
                ("name", row => row.Name),
                ("tier", row => row.Tier),
                ("state", row => row.State),
                ("mysql", Address),
                ("price", row => $"{row.Price.Amount} {row.Price.Currency}/{row.Price.Unit}"));
            return 0;
        });
        return command;
    }

    private static Command Make()
    {
        var name = new Argument<string>("name") { Description = "Unique among the project's clusters." };
        var tier = new Option<string?>("--tier") { Description = "starter or dedicated." };
        var location = new Option<string?>("--location") { Description = "Where it runs." };
        var sql = new Option<long?>("--sql") { Description = "Count of SQL nodes." };
        var storage = new Option<long?>("--storage") { Description = "Count of storage nodes." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Show what would be made and what it costs." };
        var command = new Command("create", "Create a cluster and wait until it serves.") { name, tier, location, sql, storage, dryRun, Project, NoWait };
        command.SetAction(async (parse, cancellationToken) =>
        {
            using var session = Session.Open(parse);
            var project = await session.ProjectAsync(parse.GetValue(Project), cancellationToken);
            var body = new CreateClusterRequest
            {
                Name = parse.GetValue(name)!, // the parser demands it
                Tier = parse.GetValue(tier),
                Location = parse.GetValue(location),
                Sql = parse.GetValue(sql) is { } sqlCount ? new RoleRequest { Count = sqlCount } : null,
                Storage = parse.GetValue(storage) is { } storageCount ? new StorageRequest { Count = storageCount } : null,
            };
            return parse.GetValue(dryRun)
                ? await PlanAsync(session, project, body, cancellationToken)
                : await CreateAsync(session, project, body, !parse.GetValue(NoWait), cancellationToken);
        });
        return command;
    }

    private static Command Get()
    {
        var command = new Command("get", "Show one cluster.") { Name, Project };
        command.SetAction(async (parse, cancellationToken) =>
        {
            using var session = Session.Open(parse);
            Print(session.Output, await FindAsync(session, parse, cancellationToken));
            return 0;
        });
        return command;
    }

    private static Command Delete()
    {
        var purge = new Option<bool>("--purge") { Description = "Remove the data at once, instead of keeping it for seven days." };
        var command = new Command("delete", "Delete a cluster; it can be undeleted until it is purged.") { Name, purge, Project, NoWait };
        command.SetAction(async (parse, cancellationToken) =>
        {
            using var session = Session.Open(parse);
            var cluster = await FindAsync(session, parse, cancellationToken);
            var reply = await session.Client.Clusters.DeleteClusterAsync(
                cluster.Id, parse.GetValue(purge), new CallOptions { IfMatch = "*" }, cancellationToken);
            return parse.GetValue(NoWait) || reply.Value.Operation is not { } operation
                ? 0
                : await OperationCommand.WaitAsync(session, operation.Id, cancellationToken);
        });
        return command;
    }

    private static async Task<int> PlanAsync(
        Session session, string project, CreateClusterRequest body, CancellationToken cancellationToken)
    {
        var plan = (await session.Client.Clusters.PlanCreateClusterAsync(project, body, cancellationToken: cancellationToken)).Value;
        session.Output.One(
            plan,
            ("action", row => string.Join(", ", row.PlanValue.Select(change => change.Action))),
            ("price", row => row.Price is null ? null : $"{row.Price.After.Amount} {row.Price.After.Currency}/{row.Price.Unit}"),
            ("quota", row => string.Join(", ", row.Quota.Select(quota => $"{quota.Name} {quota.After}/{quota.Limit}"))));
        return 0;
    }

    private static async Task<int> CreateAsync(
        Session session, string project, CreateClusterRequest body, bool wait, CancellationToken cancellationToken)
    {
        var created = (await session.Client.Clusters.CreateClusterAsync(project, body, cancellationToken: cancellationToken)).Value;
        var exitCode = wait && created.Operation is { } operation
            ? await OperationCommand.WaitAsync(session, operation.Id, cancellationToken)
            : 0;

        // The password is in the first reply alone, the endpoints in the last.
        var now = (await session.Client.Clusters.GetClusterAsync(created.Id, cancellationToken: cancellationToken)).Value;
        Print(session.Output, now with { Credentials = created.Credentials });
        return exitCode;
    }

    private static void Print(Output output, Cluster cluster) => output.One(
        cluster,
        ("id", row => row.Id),
        ("name", row => row.Name),
        ("tier", row => row.Tier),
        ("location", row => row.Location),
        ("version", row => row.Version),
        ("state", row => row.State),
        ("mysql", Address),
        ("pd", row => row.Endpoints is null ? null : string.Join(',', row.Endpoints.Kv.Pd)),
        ("user", row => row.Credentials?.User),
        ("password", row => row.Credentials?.Password),
        ("price", row => $"{row.Price.Amount} {row.Price.Currency}/{row.Price.Unit}"),
        ("created", row => row.CreatedAt));

    private static async Task<Cluster> FindAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        var wanted = parse.GetValue(Name)!; // the parser demands it
        if (wanted.StartsWith("clu_", StringComparison.Ordinal))
        {
            return (await session.Client.Clusters.GetClusterAsync(wanted, cancellationToken: cancellationToken)).Value;
        }

        var project = await session.ProjectAsync(parse.GetValue(Project), cancellationToken);
        var page = await session.Client.Clusters.ListClustersAsync(
            project, filter: $"name = \"{wanted.Replace("\"", string.Empty)}\"", cancellationToken: cancellationToken);
        return page.Value.Items.Count > 0
            ? page.Value.Items[0]
            : throw new CliException($"The project has no cluster '{wanted}'. Remedy: cloudctl cluster list.");
    }

    private static object? Address(Cluster cluster) =>
        cluster.Endpoints is { } endpoints ? $"{endpoints.Mysql.Host}:{endpoints.Mysql.Port}" : null;
}
