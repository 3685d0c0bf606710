using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;

namespace Cloud.Modules.Platform.OpenApi;

/// <summary>
/// Writes the OpenAPI 3.1 document from what the endpoints declare of themselves. The text depends on the code alone: the committed
/// copy in docs/api is compared with it by a test, and ApiClient is generated from that copy.
/// </summary>
internal static class OpenApiDocument
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly string[] Methods = ["GET", "POST", "PATCH", "PUT", "DELETE"];

    /// <summary>Ends with a line feed.</summary>
    public static string Write(IEnumerable<Endpoint> endpoints, ErrorRegistry errors)
    {
        var described = endpoints.OfType<RouteEndpoint>()
            .Select(endpoint => (Endpoint: endpoint, Rules: endpoint.Metadata.GetMetadata<EndpointRules>()))
            .Where(found => found.Rules is { InfrastructureReason: null })
            .Select(found => (found.Endpoint, Rules: found.Rules!, Path: found.Endpoint.RoutePattern.RawText!, Method: MethodOf(found.Endpoint))) // filtered
            .OrderBy(found => found.Path, StringComparer.Ordinal)
            .ThenBy(found => Array.IndexOf(Methods, found.Method))
            .ToList();
        var comments = DocComments.Load(typeof(OpenApiDocument).Assembly);
        var inputs = InputTypes.Reachable(described.Select(found => OperationWriter.BodyOf(found.Endpoint)).OfType<Type>());
        var schemas = new SchemaWriter(comments, inputs);
        var versioned = described.Where(found => found.Method is "PATCH" or "DELETE").Select(found => found.Path).ToHashSet(StringComparer.Ordinal);
        var operations = new OperationWriter(schemas, comments, errors, versioned);
        schemas.Write(typeof(ProblemReply));
        var paths = new JsonObject();
        foreach (var (endpoint, rules, path, method) in described)
        {
            if (paths[path] is not JsonObject item)
            {
                paths[path] = item = [];
            }

            item[method.ToLowerInvariant()] = operations.Write(endpoint, rules, method);
        }

        var document = new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = Info(errors),
            ["servers"] = new JsonArray(new JsonObject { ["url"] = "/" }),
            ["security"] = new JsonArray(new JsonObject { ["bearer"] = new JsonArray() }),
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = schemas.Components(), ["securitySchemes"] = SecuritySchemes() },
        };
        return document.ToJsonString(Indented) + "\n";
    }

    private static string MethodOf(RouteEndpoint endpoint) =>
        endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.Routing.HttpMethodMetadata>()?.HttpMethods[0] ?? "GET";

    private static JsonObject Info(ErrorRegistry errors) => new()
    {
        ["title"] = "Cloud API",
        ["version"] = "1.0",
        ["description"] = "Creates, changes, meters and bills distributed SQL databases. Conventions: docs/design/api-conventions.md.",
        ["license"] = new JsonObject { ["name"] = "Apache-2.0", ["identifier"] = "Apache-2.0" },
        ["x-cloud-errors"] = new JsonObject(errors.All.Select(definition => KeyValuePair.Create(
            definition.Code,
            (JsonNode?)new JsonObject
            {
                ["type"] = definition.Type,
                ["status"] = definition.Status,
                ["title"] = definition.Title,
                ["remedy"] = definition.Remedy,
                ["retryable"] = definition.Retryable,
            }))),
    };

    private static JsonObject SecuritySchemes() => new()
    {
        ["bearer"] = new JsonObject
        {
            ["type"] = "http",
            ["scheme"] = "bearer",
            ["description"] = "An access token of POST /v1/sessions (people) or POST /oauth/token (programs).",
        },
        ["clientCredentials"] = new JsonObject
        {
            ["type"] = "oauth2",
            ["flows"] = new JsonObject
            {
                ["clientCredentials"] = new JsonObject { ["tokenUrl"] = "/oauth/token", ["scopes"] = new JsonObject() },
            },
        },
    };
}

/// <summary>Finds the types that requests are made of.</summary>
internal static class InputTypes
{
    /// <summary>The types given and, transitively, those of their properties and collection elements.</summary>
    public static IReadOnlySet<Type> Reachable(IEnumerable<Type> roots)
    {
        var found = new HashSet<Type>();
        var open = new Stack<Type>(roots);
        while (open.TryPop(out var type))
        {
            type = Nullable.GetUnderlyingType(type) ?? type;
            foreach (var argument in type.IsGenericType ? type.GetGenericArguments() : [])
            {
                open.Push(argument);
            }

            if (type.Assembly == typeof(InputTypes).Assembly && found.Add(type))
            {
                foreach (var property in type.GetProperties())
                {
                    open.Push(property.PropertyType);
                }
            }
        }

        return found;
    }
}
