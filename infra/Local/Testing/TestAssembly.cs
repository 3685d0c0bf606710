namespace Cloud.Local.Testing;

/// <summary>One test project and how it shares the machine.</summary>
/// <param name="Project">Folder under <c>tests/</c>.</param>
/// <param name="Exclusive">Whether it runs whole clouds or browsers and therefore alone.</param>
public sealed record TestAssembly(string Project, bool Exclusive)
{
    /// <summary>In the order in which they start: the fastest to fail first.</summary>
    public static IReadOnlyList<TestAssembly> All { get; } =
    [
        new("Architecture.Tests", Exclusive: false),
        new("DataPlane.Tests", Exclusive: false),
        new("ControlPlane.Tests", Exclusive: false),
        new("Infra.Tests", Exclusive: false),
        new("System.Tests", Exclusive: true),
        new("Portal.Tests", Exclusive: true),
    ];

    public string Path(CloudSettings settings) =>
        System.IO.Path.Combine(settings.Root, "tests", Project, "bin", "Release", "net10.0", $"Cloud.{Project}.dll");
}
