using System.CommandLine;
using Cloud.ApiClient;
using Cloud.Cli;
using Cloud.Cli.Commands;

var root = new RootCommand("Works with the clusters, usage and bills of a cloud.")
{
    CommonOptions.Profile,
    CommonOptions.Output,
    LoginCommand.Create(),
    LoginCommand.CreateLogout(),
    OrganizationCommand.Create(),
    ProjectCommand.Create(),
    ClusterCommand.Create(),
    OperationCommand.Create(),
    BillingCommands.CreateUsage(),
    BillingCommands.CreateInvoice(),
    BillingCommands.CreateExport(),
};
try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (ApiException refused)
{
    Console.Error.WriteLine($"cloudctl: {refused.Message}");
    foreach (var error in refused.Problem?.Errors ?? [])
    {
        Console.Error.WriteLine($"  {error.Pointer}: {error.Detail}");
    }

    return refused.Status is null ? 3 : 1;
}
catch (CliException wrong)
{
    Console.Error.WriteLine($"cloudctl: {wrong.Message}");
    return 2;
}
catch (OperationCanceledException)
{
    return 130;
}
