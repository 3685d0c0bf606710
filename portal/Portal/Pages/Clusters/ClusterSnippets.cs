using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cloud.ApiClient;

namespace Cloud.Portal.Pages.Clusters;

/// <summary>Acts of the console, put as what programs would send. Every text can be pasted as it is.</summary>
internal static class ClusterSnippets
{
    private const string ApiCall = "API call";
    private const string CommandLine = "CLI";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // Shown as text and escaped by the page.
    };

    /// <summary>A create as each kind of program takes it.</summary>
    public static IReadOnlyList<(string Kind, string Text)> Create(Uri api, string projectId, CreateClusterRequest request) =>
    [
        (ApiCall, Curl(api, "POST", $"v1/projects/{projectId}/clusters", request)),
        (CommandLine, CreateByCommand(projectId, request)),
        ("Terraform", Terraform(projectId, request)),
    ];

    public static IReadOnlyList<(string Kind, string Text)> Change(Uri api, string clusterId, UpdateClusterRequest change) =>
        [(ApiCall, Curl(api, "PATCH", $"v1/clusters/{clusterId}", change, "*"))];

    public static IReadOnlyList<(string Kind, string Text)> Delete(Uri api, string clusterId, bool purge) =>
    [
        (ApiCall, Curl(api, "DELETE", $"v1/clusters/{clusterId}{(purge ? "?purge=true" : "")}", null, "*")),
        (CommandLine, $"cloudctl cluster delete {clusterId}{(purge ? " --purge" : "")}"),
    ];

    public static IReadOnlyList<(string Kind, string Text)> Export(Uri api, string organizationId, CreateBillingExportRequest request) =>
    [
        (ApiCall, Curl(api, "POST", $"v1/organizations/{organizationId}/billingExports", request)),
        (CommandLine, $"cloudctl export {request.Month} --format {request.Format} --organization {organizationId}"),
    ];

    private static string Curl(Uri api, string method, string path, object? body, string? ifMatch = null)
    {
        var text = new StringBuilder($"curl -sS -X {method} '{new Uri(api, path)}'");
        Line(text, "-H \"Authorization: Bearer $CLOUD_TOKEN\"");
        Line(text, "-H \"Idempotency-Key: $(uuidgen)\"");
        if (ifMatch is not null)
        {
            Line(text, $"-H 'If-Match: {ifMatch}'");
        }

        if (body is not null)
        {
            Line(text, "-H 'Content-Type: application/json'");
            Line(text, $"-d {ShellQuote(JsonSerializer.Serialize(body, body.GetType(), Json))}");
        }

        return text.ToString();
    }

    private static void Line(StringBuilder text, string part) => text.Append(" \\\n  ").Append(part);

    /// <summary>The CLI sets the tier, the place and the counts; what else was chosen is named so that nobody misses it.</summary>
    private static string CreateByCommand(string projectId, CreateClusterRequest request)
    {
        var text = new StringBuilder($"cloudctl cluster create {(request.Name.Length > 0 ? ShellQuote(request.Name) : "NAME")}");
        Option(text, "project", projectId);
        Option(text, "tier", request.Tier);
        Option(text, "location", request.Location);
        Option(text, "sql", Number(request.Sql?.Count));
        Option(text, "storage", Number(request.Storage?.Count));
        return text.Append("\n\n# Sizes, volumes, networks and protection are the defaults; the API call sets them.").ToString();
    }

    private static string Terraform(string projectId, CreateClusterRequest request)
    {
        var allow = request.AllowList is { Count: > 0 } blocks ? $"\n  allow_list = [{string.Join(", ", blocks.Select(Quote))}]" : "";
        return $$"""
            # The provider cloud/cloud is not part of this release; the resource's names are settled.
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
