using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Secrets;

namespace Cloud.Host;

/// <summary>What the <c>cloud-host</c> command can be told to do.</summary>
internal static class Verbs
{
    private const string Usage = """
        cloud-host            serve, in the roles of CLOUD_ROLES
        cloud-host migrate    bring the schema of CLOUD_DATABASE up to date, and exit
        cloud-host openapi    print the OpenAPI document; needs no database
        cloud-host rotate-key add a master key, with which secrets are sealed from the next start on; older ones still open
        """;

    /// <returns>The exit code: 0 on success, 1 on a failure that was explained on standard error, 2 on a wrong command line.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            switch (args)
            {
                case []:
                    await using (var app = CloudHost.Build())
                    {
                        await app.RunAsync();
                    }

                    return Environment.ExitCode;
                case ["migrate"]:
                    return await MigrateAsync();
                case ["rotate-key"]:
                    await using (var app = CloudHost.Build())
                    {
                        Console.WriteLine($"{app.Services.GetRequiredService<MasterKeys>().Rotate()} holds a new key. Restart every host of this cloud.");
                    }

                    return 0;
                case ["openapi"]:
                    await using (var app = CloudHost.Build(new Dictionary<string, string?> { ["CLOUD_ROLES"] = "api" }))
                    {
                        Console.Write(CloudHost.OpenApi(app));
                    }

                    return 0;
                default:
                    await Console.Error.WriteLineAsync(Usage);
                    return 2;
            }
        }
        catch (Exception failure) when (failure is InvalidOperationException or IOException or Npgsql.NpgsqlException)
        {
            await Console.Error.WriteLineAsync($"cloud-host: {failure.Message}");
            return 1;
        }
    }

    private static async Task<int> MigrateAsync()
    {
        await using var app = CloudHost.Build();
        var runner = app.Services.GetRequiredService<MigrationRunner>();
        var count = await runner.RunAsync(Migration.Discover(typeof(MigrationRunner).Assembly), CancellationToken.None);
        Console.WriteLine($"{count} migrations applied");
        return 0;
    }
}
