namespace Cloud.Node;

/// <summary>Entry point of <c>cloud-node</c>.</summary>
internal static class Program
{
    public static int Main(string[] args)
    {
        Console.Error.WriteLine($"cloud-node: no role named '{args.FirstOrDefault()}'.");
        return 2;
    }
}
