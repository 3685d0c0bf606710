using System.CommandLine;
using Cloud.Local.Processes;

namespace Cloud.Local.Gen;

/// <summary><c>./cloud gen</c>: prints the OpenAPI document anew and generates the client from it.</summary>
internal static class GenCommand
{
    public static Command Create()
    {
        var command = new Command("gen", "Regenerate docs/api/openapi.json and control-plane/ApiClient/Generated.");
        command.SetAction(async (_, cancellationToken) =>
        {
            var settings = CloudSettings.FromEnvironment();
            var project = Path.Combine(settings.Root, "control-plane/Host");
            var build = await Shell.RunAsync(
                "dotnet", ["build", project, "-c", "Release", "-nologo", "-v", "quiet", "-clp:ErrorsOnly;NoSummary"], cancellationToken);
            if (!build.Succeeded)
            {
                throw new LocalException($"The host does not build, so its document cannot be printed:\n{build.Tail(20)}");
            }

            var document = await Shell.RunAsync(settings.Executable("control-plane/Host", "cloud-host"), ["openapi"], cancellationToken);
            if (!document.Succeeded)
            {
                throw new LocalException($"'cloud-host openapi' failed:\n{document.Tail()}");
            }

            var changed = ClientGenerator.WriteTo(settings.Root, document.Output);
            Console.WriteLine(changed.Count == 0 ? "Nothing changed." : string.Join('\n', changed));
            return 0;
        });
        return command;
    }
}
