using System.Text;

namespace Cloud.SystemTests.Howto;

/// <summary>The bash blocks of a how-to page, joined into the script that a reader would type.</summary>
internal static class HowtoDocument
{
    public static string ScriptOf(string file)
    {
        var script = new StringBuilder("set -euo pipefail\n");
        var inside = false;
        foreach (var line in File.ReadLines(file))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                inside = line == "```bash";
            }
            else if (inside)
            {
                script.Append(line).Append('\n');
            }
        }

        return script.ToString();
    }
}
