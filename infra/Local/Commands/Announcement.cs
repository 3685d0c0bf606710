namespace Cloud.Local.Commands;

/// <summary>What a person needs to know once the cloud is up.</summary>
internal static class Announcement
{
    public static void Print(CloudSettings settings)
    {
        var portal = $"http://localhost:{settings.PortalPort}";
        Console.WriteLine($"""

            Cloud is up.
              Portal  {portal}
              API     {settings.ApiUrl}   (OpenAPI: {settings.ApiUrl}/openapi/v1.json)
            """);
        var link = Path.Combine(settings.SecretFolder, "operator-link");
        if (File.Exists(link))
        {
            Console.WriteLine($"  Become its operator (works once): {File.ReadAllText(link).Trim()}");
        }

        Console.WriteLine($"""

            Next: sign up at {portal}/sign-up and create a cluster, or follow docs/howto/first-cluster.md.
            ./cloud status and ./cloud logs show how it does; ./cloud down stops it and keeps the data.
            """);
    }
}
