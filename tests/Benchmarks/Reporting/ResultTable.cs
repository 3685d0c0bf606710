using System.Globalization;
using System.Text;

namespace Cloud.Benchmarks.Reporting;

/// <summary>Prints measurements as a Markdown table, which is how they go into <c>docs/benchmarks.md</c>.</summary>
public static class ResultTable
{
    public static string Render(IEnumerable<Measurement> measurements)
    {
        var text = new StringBuilder();
        text.AppendLine("| measured | ours | peer | ratio | goal |");
        text.AppendLine("|---|---:|---:|---:|---|");
        foreach (var line in measurements)
        {
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {line.Name} | {Number(line.Value)} {line.Unit} | {(line.Peer is { } peer ? $"{Number(peer)} {line.Unit}" : string.Empty)} | {(line.Ratio is { } ratio ? $"{ratio:0.00}" : string.Empty)} | {line.Goal} |");
        }

        return text.ToString();
    }

    /// <summary>Processor, cores and memory of this machine, for the head of a table.</summary>
    public static string Machine()
    {
        var model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim();
        var memory = Kernel.ByteSize.FromBytes(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        return $"{model ?? "unknown processor"}, {Environment.ProcessorCount} cores, {memory}, {System.Runtime.InteropServices.RuntimeInformation.OSDescription}";
    }

    private static string Number(double value) => value switch
    {
        >= 1000 => value.ToString("#,0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.00", CultureInfo.InvariantCulture),
    };
}
