using System.CommandLine;
using Cloud.Local;
using Cloud.Local.Commands;
using Cloud.Local.Gen;

var root = new RootCommand("Runs, tests and measures the cloud on this machine.")
{
    UpCommand.Create(),
    UpCommand.CreateSupervise(),
    DownCommand.Create(),
    StatusCommand.Create(),
    LogsCommand.Create(),
    TestCommand.Create(),
    CheckCommand.Create(),
    BenchCommand.Create(),
    GenCommand.Create(),
};
try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (LocalException exception)
{
    Console.Error.WriteLine($"cloud: {exception.Message}");
    return 1;
}
catch (OperationCanceledException)
{
    return 130;
}
