using Cloud.Portal.Hosting;

if (args is ["--help" or "-h" or "help", ..])
{
    Console.Out.Write(PortalSettings.Help);
    return 0;
}

if (args.Length > 0)
{
    await Console.Error.WriteLineAsync($"cloud-portal: unknown argument '{args[0]}'. It is configured by environment variables: see cloud-portal --help.");
    return 2;
}

var settings = PortalSettings.From(Environment.GetEnvironmentVariable);
if (!settings.Succeeded)
{
    await Console.Error.WriteLineAsync($"cloud-portal: {settings.Failure.Detail}");
    return 2;
}

await using var app = PortalApp.Build(settings.Value);
await app.RunAsync();
return 0;
