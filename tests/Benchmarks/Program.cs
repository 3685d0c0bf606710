using System.CommandLine;
using Cloud.Benchmarks.Reporting;
using Cloud.Benchmarks.Scenarios;

IScenario[] scenarios = [new UpScenario(), new CreateScenario(), new ApiScenario(), new SqlScenario()];
var root = new RootCommand("Measures the cloud with real loads, and peers beside it in the same run. Prints a table of medians last.");
foreach (var scenario in scenarios)
{
    root.Add(CommandOf(scenario.Name, scenario.Description, [scenario]));
}

root.Add(CommandOf("all", "Everything, in order.", scenarios));
return await root.Parse(args).InvokeAsync();

static Command CommandOf(string name, string description, IReadOnlyList<IScenario> scenarios)
{
    var command = new Command(name, description);
    command.SetAction(async (_, cancellationToken) =>
    {
        var results = new List<Measurement>();
        foreach (var scenario in scenarios)
        {
            Console.WriteLine($"{scenario.Name}: {scenario.Description}");
            results.AddRange(await scenario.RunAsync(line => Console.WriteLine("  " + line), cancellationToken));
        }

        Console.WriteLine();
        Console.WriteLine(ResultTable.Machine());
        Console.WriteLine();
        Console.Write(ResultTable.Render(results));
        return 0;
    });
    return command;
}
