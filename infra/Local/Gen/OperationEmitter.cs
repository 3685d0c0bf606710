using System.Text;
using System.Text.Json.Nodes;

namespace Cloud.Local.Gen;

/// <summary>Writes one class per tag, one method per operation, and for lists and plans one more each.</summary>
internal sealed class OperationEmitter(SchemaTypes types, JsonObject components)
{
    /// <summary>File names and texts.</summary>
    public IEnumerable<KeyValuePair<string, string>> Emit(JsonObject paths)
    {
        var operations = paths
            .SelectMany(path => ((JsonObject)path.Value!).Select(item => new Operation(path.Key, item.Key, (JsonObject)item.Value!))) // by OpenAPI
            .GroupBy(operation => operation.Tag)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .ToList();
        foreach (var group in operations)
        {
            yield return KeyValuePair.Create($"{group.Key}Api.g.cs", Class(group.Key, group));
        }

        yield return KeyValuePair.Create("CloudClient.g.cs", Root([.. operations.Select(group => group.Key)]));
    }

    private static string Root(IReadOnlyList<string> tags)
    {
        var text = new StringBuilder(CSharpFile.Header).Append("namespace Cloud.ApiClient;\n\npublic sealed partial class CloudClient\n{\n");
        text.AppendJoin('\n', tags.Select(tag => $"    public {tag}Api {tag} => field ??= new {tag}Api(this);\n"));
        return text.Append("}\n").ToString();
    }

    private string Class(string tag, IEnumerable<Operation> operations)
    {
        var text = new StringBuilder(CSharpFile.Header);
        text.Append("using System.Text.Json;\n\nnamespace Cloud.ApiClient;\n\n");
        text.Append($"public sealed class {tag}Api\n{{\n    private readonly CloudClient _client;\n\n");
        text.Append($"    internal {tag}Api(CloudClient client) => _client = client;\n");
        foreach (var operation in operations)
        {
            text.Append('\n').Append(Method(operation));
            if (operation.HasPlan)
            {
                text.Append('\n').Append(PlanMethod(operation));
            }

            if (ItemOf(operation) is { } item)
            {
                text.Append('\n').Append(AllMethod(operation, item));
            }
        }

        return text.Append("}\n").ToString();
    }

    private string Method(Operation operation)
    {
        var reply = ReplyOf(operation);
        var generic = reply is null ? string.Empty : $"<{reply}>";
        var call = reply == "Stream" ? "DownloadAsync" : "SendAsync" + generic;
        var result = reply == "Stream" ? "Task<Stream>" : reply is null ? "Task<ApiReply>" : $"Task<ApiReply{generic}>";
        return CSharpNames.Summary(operation.Summary, "    ")
            + $"    public {result} {operation.Name}Async({Parameters(operation, withOptions: true)}) =>\n"
            + $"        _client.{call}({Request(operation, validateOnly: false)}, cancellationToken);\n";
    }

    private string PlanMethod(Operation operation) =>
        CSharpNames.Summary($"What {operation.Name}Async would do; nothing is changed.", "    ")
        + $"    public Task<ApiReply<Plan>> Plan{operation.Name}Async({Parameters(operation, withOptions: true)}) =>\n"
        + $"        _client.SendAsync<Plan>({Request(operation, validateOnly: true)}, cancellationToken);\n";

    private string AllMethod(Operation operation, string item)
    {
        var arguments = operation.Parameters
            .Where(parameter => parameter.Place is "path" or "query")
            .Select(parameter => parameter.Json == "pageToken" ? "token" : parameter.Name)
            .Concat(["options", "cancel"]);
        var parameters = Parameters(operation, withOptions: true, leaveOut: "pageToken");
        return CSharpNames.Summary($"As {operation.Name}Async, over all pages.", "    ")
            + $"    public IAsyncEnumerable<{item}> {operation.Name}AllAsync({parameters}) =>\n"
            + $"        Paging.AllAsync(async (token, cancel) =>\n        {{\n"
            + $"            var page = (await {operation.Name}Async({string.Join(", ", arguments)})).Value;\n"
            + "            return (page.Items, page.NextPageToken);\n        }, cancellationToken);\n";
    }

    private string Parameters(Operation operation, bool withOptions, string? leaveOut = null)
    {
        var parameters = operation.Parameters.Where(parameter => parameter.Place == "path")
            .Select(parameter => $"string {parameter.Name}").ToList();
        if (operation.BodySchema is { } body)
        {
            parameters.Add(operation.IsForm ? "IReadOnlyDictionary<string, string> form" : $"{types.TypeOf(body)} body");
        }

        parameters.AddRange(operation.Parameters
            .Where(parameter => parameter.Place == "query" && parameter.Json != leaveOut)
            .Select(parameter => $"{types.TypeOf(parameter.Schema).TrimEnd('?')}? {parameter.Name} = null"));
        if (withOptions)
        {
            parameters.Add("CallOptions? options = null");
        }

        parameters.Add("CancellationToken cancellationToken = default");
        return string.Join(", ", parameters);
    }

    private static string Request(Operation operation, bool validateOnly)
    {
        var path = operation.Path;
        foreach (var parameter in operation.Parameters.Where(parameter => parameter.Place == "path"))
        {
            path = path.Replace($"{{{parameter.Json}}}", $"{{ApiRequest.Escape({parameter.Name})}}");
        }

        var settings = new List<string> { "Options = options" };
        var query = operation.Parameters.Where(parameter => parameter.Place == "query")
            .Select(parameter => $"(\"{parameter.Json}\", {parameter.Name})").ToList();
        if (validateOnly)
        {
            query.Add("(\"validateOnly\", true)");
        }

        if (query.Count > 0)
        {
            settings.Add($"Query = [{string.Join(", ", query)}]");
        }

        if (operation.BodySchema is not null)
        {
            settings.Add(operation.IsForm ? "Form = form" : "Body = body");
        }

        if (operation.IsAnonymous)
        {
            settings.Add("IsAnonymous = true");
        }

        if (operation.IsMutation)
        {
            settings.Add("IsMutation = true");
        }

        var interpolated = path.Contains('{', StringComparison.Ordinal) ? "$" : string.Empty;
        return $"new ApiRequest(HttpMethod.{CSharpNames.Pascal(operation.Method)}, {interpolated}\"{path}\") {{ {string.Join(", ", settings)} }}";
    }

    /// <summary>Null when success carries nothing.</summary>
    private string? ReplyOf(Operation operation)
    {
        var success = operation.Responses
            .Where(response => response.Key[0] == '2' && (response.Key != "200" || !operation.HasPlan || operation.Responses.Count(other => other.Key[0] == '2') == 1))
            .Select(response => response.Value?["content"] as JsonObject)
            .FirstOrDefault();
        var schema = success?.FirstOrDefault().Value?["schema"];
        return schema is null || types.TypeOf(schema) is "Plan" ? null : types.TypeOf(schema);
    }

    private string? ItemOf(Operation operation) =>
        ReplyOf(operation) is { } reply
        && operation.Parameters.Any(parameter => parameter.Json == "pageToken")
        && components[reply]?["properties"]?["items"]?["items"] is { } item
            ? types.TypeOf(item)
            : null;

    private sealed record Parameter(string Json, string Name, string Place, JsonNode? Schema);

    private sealed class Operation(string path, string method, JsonObject fields)
    {
        public string Path => path;

        public string Method => method;

        public string Tag { get; } = fields["tags"]![0]!.GetValue<string>(); // our writer always sets one

        public string Name { get; } = CSharpNames.Pascal(fields["operationId"]!.GetValue<string>()); // as the tag

        public string? Summary { get; } = fields["summary"]?.GetValue<string>();

        public bool IsMutation { get; } = fields["x-cloud-class"]?.GetValue<string>() is "resourceWrite" or "action";

        public bool IsAnonymous { get; } = fields["security"] is JsonArray { Count: 0 };

        public JsonObject Responses { get; } = (JsonObject)fields["responses"]!; // required by OpenAPI

        public bool HasPlan { get; } = (fields["parameters"] as JsonArray ?? [])
            .Any(parameter => parameter?["name"]?.GetValue<string>() == "validateOnly");

        /// <summary>Path and query, without those that <c>CallOptions</c> carries.</summary>
        public IReadOnlyList<Parameter> Parameters { get; } = [.. (fields["parameters"] as JsonArray ?? [])
            .OfType<JsonObject>()
            .Select(parameter => new Parameter(
                parameter["name"]!.GetValue<string>(), // required by OpenAPI, as are the two below
                CSharpNames.Camel(parameter["name"]!.GetValue<string>()),
                parameter["in"]!.GetValue<string>(),
                parameter["schema"]))
            .Where(parameter => parameter.Place is "path" or "query" && parameter.Json != "validateOnly")];

        public bool IsForm { get; } = fields["requestBody"]?["content"]?["application/x-www-form-urlencoded"] is not null;

        public JsonNode? BodySchema { get; } = (fields["requestBody"]?["content"] as JsonObject)?.FirstOrDefault().Value?["schema"];
    }
}
