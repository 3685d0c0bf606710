namespace Cloud.Architecture.Tests;

/// <summary>Which project may reference which. Each rule returns the violations as sentences; none means it holds.</summary>
internal static class ReferenceRules
{
    /// <summary>Projects that may reference only what is listed; everything else is forbidden to them.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Kernel"] = [],
        ["Contracts"] = ["Kernel"],
        ["Codec"] = ["Kernel"],
        ["Raft"] = ["Kernel"],
        ["Execution"] = ["Kernel", "Codec"],
        ["MySql"] = ["Kernel", "Execution"],
        ["Modules"] = ["Kernel", "Contracts"],
        ["Host"] = ["Modules"],
        ["ApiClient"] = ["Kernel"],
        ["Cli"] = ["ApiClient", "Kernel"],
        ["Portal"] = ["ApiClient", "Kernel"],
        ["TerraformProvider"] = ["ApiClient", "Kernel"],
        ["Local"] = ["Kernel"],
        ["Operator"] = ["Kernel", "Contracts"],
    };

    /// <summary>Projects that must not reach these, directly or through others.</summary>
    private static readonly (string From, string[] Never)[] Forbidden =
    [
        ("Sql", ["Engine", "Storage", "Pd", "MySql"]),
        ("KvClient", ["Engine", "Raft", "Storage", "Pd"]),
        ("Storage", ["Pd", "KvClient", "Sql"]),
        ("Pd", ["Storage", "KvClient", "Sql"]),
        ("Agent", ["Node", "Modules", "Storage", "Pd", "Sql"]),
    ];

    /// <summary>Projects without any package.</summary>
    private static readonly string[] WithoutPackages = ["Kernel", "Contracts", "Codec", "Raft"];

    public const int ProjectsMax = 34;

    public static IEnumerable<string> Violations(IReadOnlyList<ProjectFile> projects)
    {
        var byName = projects.Where(project => !project.IsTest).ToDictionary(project => project.Name, StringComparer.Ordinal);
        foreach (var project in byName.Values)
        {
            foreach (var reference in project.References)
            {
                if (Allowed.TryGetValue(project.Name, out var allowed) && !allowed.Contains(reference, StringComparer.Ordinal))
                {
                    yield return $"{project.Name} references {reference}; it may reference only: {string.Join(", ", allowed)}.";
                }

                if (project.IsExecutable && byName.TryGetValue(reference, out var target) && target.IsExecutable)
                {
                    yield return $"{project.Name} and {reference} are both executables; one never references another.";
                }

                if (!byName.ContainsKey(reference))
                {
                    yield return $"{project.Name} references {reference}, which is a test project or does not exist.";
                }
            }

            if (WithoutPackages.Contains(project.Name, StringComparer.Ordinal) && project.Packages.Count > 0)
            {
                yield return $"{project.Name} uses packages ({string.Join(", ", project.Packages)}); it must need none.";
            }
        }

        foreach (var violation in Forbidden.SelectMany(rule => Unreachable(byName, rule.From, rule.Never)))
        {
            yield return violation;
        }

        if (projects.Count > ProjectsMax)
        {
            yield return $"There are {projects.Count} projects; the budget is {ProjectsMax}.";
        }
    }

    private static IEnumerable<string> Unreachable(Dictionary<string, ProjectFile> byName, string from, string[] never)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>([from]);
        while (open.TryPop(out var name))
        {
            foreach (var reference in byName.TryGetValue(name, out var project) ? project.References : [])
            {
                if (seen.Add(reference))
                {
                    open.Push(reference);
                }
            }
        }

        return never.Where(seen.Contains).Select(name => $"{from} reaches {name} through its references; it must not.");
    }
}
