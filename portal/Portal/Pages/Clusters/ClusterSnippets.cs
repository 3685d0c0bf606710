using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cloud.ApiClient;

namespace Cloud.Portal.Pages.Clusters;

/// <summary>A create of the console, put as what programs would send. Every text can be pasted as it is.</summary>
internal static class ClusterSnippets
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // Shown as text and escaped by the page.
    };

    public static string Api(Uri api, string projectId, CreateClusterRequest request) =>
        $"""
        curl -sS -X POST '{new Uri(api, $"v1/projects/{projectId}/clusters")}' \
          -H "Authorization: Bearer $CLOUD_TOKEN" \
          -H "Idempotency-Key: $(uuidgen)" \
          -H 'Content-Type: application/json' \
          -d {ShellQuote(JsonSerializer.Serialize(request, Json))}
        """;

    public static string Cli(string projectId, CreateClusterRequest request)
    {
        var text = new StringBuilder("cloudctl clusters create");
        Option(text, "project", projectId);
        Option(text, "name", request.Name);
        Option(text, "tier", request.Tier);
        Option(text, "location", request.Location);
        Option(text, "sql-count", Number(request.Sql?.Count));
        Option(text, "sql-size", request.Sql?.Size);
        Option(text, "storage-count", Number(request.Storage?.Count));
        Option(text, "storage-size", request.Storage?.Size);
        Option(text, "storage-volume-gib", Number(request.Storage?.VolumeGiB));
        foreach (var block in request.AllowList ?? [])
        {
            Option(text, "allow", block);
        }

        if (request.DeletionProtection == true)
        {
            text.Append(" \\\n  --deletion-protection");
        }

        return text.ToString();
    }

    public static string Terraform(string projectId, CreateClusterRequest request)
    {
        var allow = request.AllowList is { Count: > 0 } blocks ? $"\n  allow_list = [{string.Join(", ", blocks.Select(Quote))}]" : "";
        return $$"""
            resource "cloud_cluster" "{{TerraformName(request.Name)}}" {
              project_id = {{Quote(projectId)}}
              name       = {{Quote(request.Name)}}
              tier       = {{Quote(request.Tier ?? "")}}
              location   = {{Quote(request.Location ?? "")}}{{allow}}
              deletion_protection = {{(request.DeletionProtection == true ? "true" : "false")}}

              sql {
                count = {{Number(request.Sql?.Count)}}
                size  = {{Quote(request.Sql?.Size ?? "")}}
              }

              storage {
                count      = {{Number(request.Storage?.Count)}}
                size       = {{Quote(request.Storage?.Size ?? "")}}
                volume_gib = {{Number(request.Storage?.VolumeGiB)}}
              }
            }
            """;
    }

    /// <summary>One shell word with the text in it, whatever the text.</summary>
    public static string ShellQuote(string text) => $"'{text.Replace("'", "'\\''")}'";

    private static void Option(StringBuilder text, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            text.Append(" \\\n  --").Append(name).Append(' ').Append(value.All(IsPlain) ? value : ShellQuote(value));
        }
    }

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/' or ':';

    private static string Quote(string text) => JsonSerializer.Serialize(text, Json).Replace("${", "$${").Replace("%{", "%%{");

    private static string TerraformName(string name) =>
        name.Length == 0 ? "this" : string.Concat((char.IsAsciiDigit(name[0]) ? "c" + name : name).Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));

    private static string Number(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";
}
