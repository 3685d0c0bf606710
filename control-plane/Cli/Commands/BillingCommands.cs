using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using Cloud.ApiClient;

namespace Cloud.Cli.Commands;

/// <summary><c>cloudctl usage</c>, <c>invoice</c> and <c>export</c>.</summary>
internal static class BillingCommands
{
    private static readonly Option<string?> Organization = new("--organization") { Description = "Id; needed where you belong to several." };

    private static string ThisMonth => TimeProvider.System.GetUtcNow().ToString("yyyy-MM", CultureInfo.InvariantCulture);

    public static Command CreateUsage()
    {
        var groupBy = new Option<string?>("--group-by") { Description = "cluster, meter, project or day." };
        var command = new Command("usage", "What was used this month, and its cost so far.") { groupBy, Organization };
        command.SetAction(async (parse, cancellationToken) =>
        {
            using var session = Session.Open(parse);
            var organization = await session.OrganizationAsync(parse.GetValue(Organization), cancellationToken);
            var usage = (await session.Client.Billing.GetUsageAsync(
                organization, groupBy: parse.GetValue(groupBy), cancellationToken: cancellationToken)).Value;
            if (session.Output.IsJson)
            {
                session.Output.One(usage);
                return 0;
            }

            session.Output.Many(
                usage.Items,
                (usage.GroupBy, row => row.Name ?? row.Key),
                ("quantity", row => row.Quantity),
                ("unit", row => row.Unit),
                ("cost", row => $"{row.Cost.Amount} {row.Cost.Currency}"));
            Output.Say($"Total {usage.Total.Amount} {usage.Total.Currency}, measured up to {usage.LagSeconds} s ago.");
            return 0;
        });
        return command;
    }

    public static Command CreateInvoice()
    {
        var month = new Argument<string?>("month") { Description = "yyyy-mm; the open month when absent.", DefaultValueFactory = _ => null };
        var command = new Command("invoice", "Show an invoice; the open month's is a live draft.") { month, Organization };
        command.SetAction(async (parse, cancellationToken) =>
        {
            using var session = Session.Open(parse);
            var organization = await session.OrganizationAsync(parse.GetValue(Organization), cancellationToken);
            var invoice = (await session.Client.Billing.GetInvoiceAsync(
                organization, parse.GetValue(month) ?? ThisMonth, cancellationToken: cancellationToken)).Value;
            if (session.Output.IsJson)
            {
                session.Output.One(invoice);
                return 0;
            }

            session.Output.Many(
                invoice.Lines,
                ("cluster", row => row.ClusterName ?? row.ClusterId),
                ("what", row => row.Description),
                ("quantity", row => $"{row.Quantity} {row.Unit}"),
                ("amount", row => $"{row.Amount.Amount} {row.Amount.Currency}"));
            Output.Say($"{invoice.Month} ({invoice.State}): total {invoice.Total.Amount} {invoice.Total.Currency}");
            return 0;
        });
        return command;
    }

    public static Command CreateExport()
    {
        var month = new Argument<string?>("month") { Description = "yyyy-mm; the open month when absent.", DefaultValueFactory = _ => null };
        var format = new Option<string>("--format") { Description = "focus-1.2", DefaultValueFactory = _ => "focus-1.2" };
        var folder = new Option<string>("--folder") { Description = "Where the files go.", DefaultValueFactory = _ => "." };
        var command = new Command("export", "Make a billing export and download its files.") { month, format, folder, Organization };
        command.SetAction(async (parse, cancellationToken) =>
        {
            using var session = Session.Open(parse);
            var organization = await session.OrganizationAsync(parse.GetValue(Organization), cancellationToken);
            var body = new CreateBillingExportRequest
            {
                Format = parse.GetValue(format)!, Encoding = "csv", Month = parse.GetValue(month) ?? ThisMonth, // has a default
            };
            var made = (await session.Client.Billing.CreateBillingExportAsync(organization, body, cancellationToken: cancellationToken)).Value;
            var exitCode = await OperationCommand.WaitAsync(session, made.OperationId, cancellationToken);
            return exitCode == 0
                ? await DownloadAsync(session, organization, made.Id, parse.GetValue(folder)!, cancellationToken) // has a default
                : exitCode;
        });
        return command;
    }

    private static async Task<int> DownloadAsync(
        Session session, string organization, string export, string folder, CancellationToken cancellationToken)
    {
        var files = (await session.Client.Billing.GetBillingExportAsync(organization, export, cancellationToken: cancellationToken)).Value.Files;
        Directory.CreateDirectory(folder);
        foreach (var file in files)
        {
            var path = Path.Combine(folder, Path.GetFileName(file.Name));
            await using (var source = await session.Client.Billing.DownloadBillingExportAsync(
                organization, export, file.Name, cancellationToken: cancellationToken))
            await using (var target = File.Create(path))
            {
                await source.CopyToAsync(target, cancellationToken);
            }

            await using var written = File.OpenRead(path);
            var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(written, cancellationToken));
            if (!hash.Equals(file.Sha256, StringComparison.OrdinalIgnoreCase))
            {
                throw new CliException($"{path} has SHA-256 {hash}, but the export says {file.Sha256}. Remedy: download it again.");
            }
        }

        session.Output.Many(files, ("file", row => Path.Combine(folder, row.Name)), ("rows", row => row.Rows), ("billed", row => row.BilledCost));
        return 0;
    }
}
