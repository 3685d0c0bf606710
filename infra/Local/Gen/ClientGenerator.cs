using System.Text.Json.Nodes;

namespace Cloud.Local.Gen;

/// <summary>
/// Generates the C# of <c>control-plane/ApiClient/Generated</c> from the OpenAPI document that <c>cloud-host openapi</c> prints.
/// It understands what our own writer emits, not OpenAPI at large. The output depends on the document alone.
/// </summary>
public static class ClientGenerator
{
    /// <summary>Where the document is kept, from the root of the checkout.</summary>
    public const string DocumentPath = "docs/api/openapi.json";

    /// <summary>Where the generated files are, from the root of the checkout.</summary>
    public const string ClientFolder = "control-plane/ApiClient/Generated";

    /// <summary>File names, each with its text.</summary>
    /// <exception cref="InvalidOperationException">The document is not one of ours.</exception>
    public static IReadOnlyDictionary<string, string> Generate(string openApi)
    {
        var document = JsonNode.Parse(openApi);
        if (document?["paths"] is not JsonObject paths || document["components"]?["schemas"] is not JsonObject components)
        {
            throw new InvalidOperationException($"{DocumentPath} has no paths or schemas; print it with 'cloud-host openapi'.");
        }

        var files = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["Models.g.cs"] = ModelEmitter.Emit(components) };
        foreach (var (name, text) in new OperationEmitter(new SchemaTypes(components), components).Emit(paths))
        {
            files.Add(name, text);
        }

        return files;
    }

    /// <summary>Writes the document and the client into a checkout; files that are as they should be are not touched.</summary>
    /// <returns>The files that changed, from the root.</returns>
    public static IReadOnlyList<string> WriteTo(string root, string openApi)
    {
        var wanted = Generate(openApi).ToDictionary(file => Path.Combine(ClientFolder, file.Key), file => file.Value, StringComparer.Ordinal);
        wanted.Add(DocumentPath, openApi);
        var changed = new List<string>();
        foreach (var (path, text) in wanted.OrderBy(file => file.Key, StringComparer.Ordinal))
        {
            var full = Path.Combine(root, path);
            if (!File.Exists(full) || File.ReadAllText(full) != text)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(full)!); // a file has a folder
                File.WriteAllText(full, text);
                changed.Add(path);
            }
        }

        foreach (var stale in Directory.GetFiles(Path.Combine(root, ClientFolder), "*.g.cs")
            .Select(file => Path.GetRelativePath(root, file)).Where(file => !wanted.ContainsKey(file)))
        {
            File.Delete(Path.Combine(root, stale));
            changed.Add(stale);
        }

        return changed;
    }
}
