using System.Globalization;
using System.Text.Json;
using Cloud.ApiClient;
using Spectre.Console;

namespace Cloud.Cli;

/// <summary>Prints results; messages for people go to standard error, so that standard output stays clean for programs.</summary>
internal sealed class Output(OutputFormat format)
{
    private static readonly JsonSerializerOptions Indented = new(CloudClient.Json) { WriteIndented = true };

    public bool IsJson => format == OutputFormat.Json;

    /// <summary>One resource: all its fields as JSON, or the columns given as a list of names and values.</summary>
    public void One<T>(T item, params (string Name, Func<T, object?> Value)[] columns)
    {
        if (IsJson)
        {
            Console.WriteLine(JsonSerializer.Serialize(item, Indented));
            return;
        }

        var width = columns.Max(column => column.Name.Length);
        foreach (var (name, value) in columns)
        {
            Console.WriteLine($"{name.PadRight(width)}  {Text(value(item))}");
        }
    }

    /// <summary>Many resources.</summary>
    public void Many<T>(IReadOnlyList<T> items, params (string Name, Func<T, object?> Value)[] columns)
    {
        if (IsJson)
        {
            Console.WriteLine(JsonSerializer.Serialize(items, Indented));
            return;
        }

        var table = new Table().Border(TableBorder.None);
        foreach (var (name, _) in columns)
        {
            table.AddColumn(new TableColumn(name.ToUpperInvariant()).NoWrap());
        }

        foreach (var item in items)
        {
            table.AddRow([.. columns.Select(column => new Text(Text(column.Value(item))))]);
        }

        // A pipe has no width; ids must not be cut there.
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        console.Profile.Width = Console.IsOutputRedirected ? 400 : Math.Max(console.Profile.Width, 80);
        console.Write(table);
    }

    /// <summary>For the person, not for the program that reads the output.</summary>
    public static void Say(string message) => Console.Error.WriteLine(message);

    private static string Text(object? value) => value switch
    {
        null => "-",
        DateTimeOffset time => time.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        bool flag => flag ? "yes" : "no",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? string.Empty,
    };
}
