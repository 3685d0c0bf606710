using System.Text.Json;
using Cloud.Host;
using Cloud.Local.Gen;
using Cloud.TestKit;

namespace Cloud.ControlPlane.Tests.Platform;

/// <summary>What is committed is what the code says.</summary>
public sealed class OpenApiTests
{
    private static readonly Lazy<string> Current = new(() =>
    {
        var app = CloudHost.Build(new Dictionary<string, string?> { ["CLOUD_ROLES"] = "api" });
        return CloudHost.OpenApi(app);
    });

    [Fact]
    public void The_committed_document_is_the_one_that_the_host_serves() =>
        Committed(ClientGenerator.DocumentPath).ShouldBe(Current.Value, "Run ./cloud gen and commit what it changes.");

    [Fact]
    public void The_committed_client_is_the_one_that_the_document_gives()
    {
        var wanted = ClientGenerator.Generate(Current.Value);
        var folder = Path.Combine(CloudUnderTest.Root, ClientGenerator.ClientFolder);
        Directory.GetFiles(folder, "*.cs").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal).ShouldBe(wanted.Keys, "Run ./cloud gen.");
        foreach (var (name, text) in wanted)
        {
            File.ReadAllText(Path.Combine(folder, name)).ShouldBe(text, $"{name} is stale: run ./cloud gen and commit what it changes.");
        }
    }

    [Fact]
    public void Every_operation_declares_its_errors_and_every_reference_resolves()
    {
        var document = JsonDocument.Parse(Current.Value).RootElement;
        var schemas = document.GetProperty("components").GetProperty("schemas");
        foreach (var reference in References(document))
        {
            schemas.TryGetProperty(reference["#/components/schemas/".Length..], out _).ShouldBeTrue(reference);
        }

        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                var responses = operation.Value.GetProperty("responses");
                foreach (var status in new[] { "400", "429", "500", "503" })
                {
                    responses.TryGetProperty(status, out _).ShouldBeTrue($"{operation.Name} {path.Name} {status}");
                }
            }
        }
    }

    private static string Committed(string path) => File.ReadAllText(Path.Combine(CloudUnderTest.Root, path));

    private static IEnumerable<string> References(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property =>
            property is { Name: "$ref", Value.ValueKind: JsonValueKind.String } ? [property.Value.GetString()!] : References(property.Value)), // a string
        JsonValueKind.Array => element.EnumerateArray().SelectMany(References),
        _ => [],
    };
}
