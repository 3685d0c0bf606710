using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Cloud.Kernel;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;

namespace Cloud.Modules.Platform.OpenApi;

/// <summary>Describes one endpoint.</summary>
/// <param name="versioned">Paths of resources that can be changed or deleted: their GET carries an ETag.</param>
internal sealed class OperationWriter(SchemaWriter schemas, DocComments comments, ErrorRegistry errors, IReadOnlySet<string> versioned)
{
    private static readonly JsonSerializerOptions ExampleJson = new(ApiJson.Options)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static Type? BodyOf(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<IAcceptsMetadata>()?.RequestType;

    /// <summary>What a success carries; null for nothing.</summary>
    public static Type? ReplyOf(EndpointRules rules)
    {
        if (rules.ReplyType is { } declared)
        {
            return declared == typeof(Nothing) ? null : declared;
        }

        var type = rules.Handler?.ReturnType;
        if (type is { IsGenericType: true } && type.GetGenericTypeDefinition() == typeof(Task<>))
        {
            type = type.GetGenericArguments()[0];
        }

        return type is { IsGenericType: true } && type.GetGenericTypeDefinition() == typeof(Reply<>)
            && type.GetGenericArguments()[0] is var body && body != typeof(Nothing)
            ? body
            : null;
    }

    public JsonObject Write(RouteEndpoint endpoint, EndpointRules rules, string method)
    {
        var body = BodyOf(endpoint);
        var reply = ReplyOf(rules);
        var isList = reply is { IsGenericType: true } && reply.GetGenericTypeDefinition() == typeof(Paging.Page<>);
        var operation = new JsonObject
        {
            ["operationId"] = rules.OperationId(),
            ["tags"] = new JsonArray(rules.Tag()),
            ["summary"] = rules.Handler?.DeclaringType is { } slice && comments.Of(slice) is { } summary ? summary : rules.OperationId(),
            ["x-cloud-class"] = JsonNamingPolicy.CamelCase.ConvertName(rules.Class.ToString()!), // checked at start
        };
        if (rules.Permission is { } permission)
        {
            operation["x-cloud-permission"] = permission;
        }

        if (rules.IsPublic)
        {
            operation["security"] = new JsonArray();
        }

        operation["parameters"] = new JsonArray([.. Parameters(endpoint, rules, method)]);
        if (body is not null || rules.IsForm)
        {
            operation["requestBody"] = RequestBody(rules, body);
        }

        var responses = new JsonObject();
        AddSuccess(responses, rules, method, reply, hasETag: HasETag(endpoint, rules, method));
        var codes = OperationErrors.CodesOf(
            rules, method, body is not null || rules.IsForm, endpoint.RoutePattern.Parameters.Count > 0, isList);
        foreach (var response in OperationErrors.Responses(codes, errors))
        {
            responses.Add(response);
        }

        operation["responses"] = responses;
        return operation;
    }

    private IEnumerable<JsonNode> Parameters(RouteEndpoint endpoint, EndpointRules rules, string method)
    {
        var handler = rules.Handler?.GetParameters() ?? [];
        foreach (var part in endpoint.RoutePattern.Parameters)
        {
            var type = handler.FirstOrDefault(parameter => parameter.Name == part.Name)?.ParameterType ?? typeof(string);
            yield return Parameter(part.Name, "path", schemas.Write(type), isRequired: true, null);
        }

        foreach (var (name, type, description) in QueryParameters(endpoint, handler))
        {
            yield return Parameter(name, "query", schemas.Write(type), isRequired: false, description);
        }

        if (!rules.IsMutation)
        {
            yield break;
        }

        yield return Parameter(
            "validateOnly", "query", Text("boolean"), false, "Checks everything, changes nothing, and answers 200 with the plan.");
        yield return Parameter(
            "Idempotency-Key", "header", Text("string"), false, "The same request under the same key is done once; its reply is kept for 24 hours.");
        if (method is "PATCH" or "DELETE")
        {
            yield return Parameter(
                "If-Match", "header", Text("string"), rules.RequiresIfMatch, "The ETag that the change is based on, or *; 412 when it is another by now.");
        }
    }

    private IEnumerable<(string Name, Type Type, string? Description)> QueryParameters(RouteEndpoint endpoint, ParameterInfo[] handler)
    {
        foreach (var parameter in handler)
        {
            if (parameter.IsDefined(typeof(AsParametersAttribute)))
            {
                foreach (var property in parameter.ParameterType.GetProperties())
                {
                    if (property.GetCustomAttribute<FromQueryAttribute>() is { } bound)
                    {
                        yield return (bound.Name ?? property.Name, property.PropertyType, comments.Of(property));
                    }
                }
            }
            else if (endpoint.RoutePattern.GetParameter(parameter.Name ?? string.Empty) is null && IsSimple(parameter.ParameterType))
            {
                yield return (parameter.GetCustomAttribute<FromQueryAttribute>()?.Name ?? parameter.Name!, parameter.ParameterType, null); // handlers name theirs
            }
        }
    }

    private static bool IsSimple(Type type)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        return plain == typeof(string)
            || (plain.IsPrimitive && plain != typeof(CancellationToken))
            || plain.IsEnum
            || plain == typeof(DateTimeOffset)
            || plain == typeof(DateOnly)
            || ModelConventions.IsTypedId(plain);
    }

    private JsonObject RequestBody(EndpointRules rules, Type? body)
    {
        var schema = body is not null ? schemas.Write(body) : FormSchema(rules);
        var content = new JsonObject { ["schema"] = schema };
        if (rules.Example is not null)
        {
            content["example"] = JsonSerializer.SerializeToNode(rules.Example, rules.Example.GetType(), ExampleJson);
        }

        return new JsonObject
        {
            ["required"] = true,
            ["content"] = new JsonObject { [rules.IsForm ? "application/x-www-form-urlencoded" : "application/json"] = content },
        };
    }

    private static JsonObject FormSchema(EndpointRules rules) => new()
    {
        ["type"] = "object",
        ["properties"] = new JsonObject(((IReadOnlyDictionary<string, string>)rules.Example!).Keys // Form sets it
            .Select(name => KeyValuePair.Create(name, (JsonNode?)Text("string")))),
    };

    private bool HasETag(RouteEndpoint endpoint, EndpointRules rules, string method) => rules.Class == EndpointClass.ResourceWrite
        ? SuccessStatus.Of(rules, method) != StatusCodes.Status204NoContent
        : method == "GET" && versioned.Contains(endpoint.RoutePattern.RawText ?? string.Empty);

    private void AddSuccess(JsonObject responses, EndpointRules rules, string method, Type? reply, bool hasETag)
    {
        var status = SuccessStatus.Of(rules, method);
        var hasPlan = rules.IsMutation;
        var plan = hasPlan ? schemas.Write(typeof(PlanReply)) : null;
        if (hasPlan && status != StatusCodes.Status200OK)
        {
            responses["200"] = Success("The plan, where validateOnly was asked for; nothing was changed.", plan, "application/json", null);
        }

        var schema = reply is null ? null : schemas.Write(reply);
        if (hasPlan && status == StatusCodes.Status200OK)
        {
            schema = schema is null ? plan : new JsonObject { ["oneOf"] = new JsonArray(schema, plan) };
        }

        if (rules.ReplyMediaType is not null)
        {
            schema = new JsonObject { ["type"] = "string", ["format"] = "binary" };
        }

        responses[status.ToString()] = Success(Describe(status), schema, rules.ReplyMediaType ?? "application/json", Headers(status, rules, hasETag));
    }

    private static JsonObject Success(string description, JsonNode? schema, string mediaType, JsonObject? headers)
    {
        var response = new JsonObject { ["description"] = description };
        if (headers is { Count: > 0 })
        {
            response["headers"] = headers;
        }

        if (schema is not null)
        {
            response["content"] = new JsonObject { [mediaType] = new JsonObject { ["schema"] = schema } };
        }

        return response;
    }

    private static JsonObject Headers(int status, EndpointRules rules, bool hasETag)
    {
        var headers = new JsonObject { ["X-Request-Id"] = Header("The id under which the operator finds this request.") };
        if (hasETag)
        {
            headers["ETag"] = Header("The version of the resource, for If-Match.");
        }

        if (status is StatusCodes.Status201Created or StatusCodes.Status202Accepted && rules.Class != EndpointClass.CredentialExchange)
        {
            headers["Location"] = Header("Path of the resource.");
        }

        if (status == StatusCodes.Status202Accepted)
        {
            headers["Operation-Location"] = Header("Path of the operation to wait for.");
        }

        return headers;
    }

    private static string Describe(int status) => status switch
    {
        StatusCodes.Status201Created => "Created.",
        StatusCodes.Status202Accepted => "Accepted: the work goes on in the operation.",
        StatusCodes.Status204NoContent => "Done.",
        _ => "Success.",
    };

    private static JsonObject Header(string description) => new() { ["description"] = description, ["schema"] = Text("string") };

    private static JsonObject Text(string type) => new() { ["type"] = type };

    private static JsonObject Parameter(string name, string place, JsonNode schema, bool isRequired, string? description)
    {
        var parameter = new JsonObject { ["name"] = name, ["in"] = place };
        if (isRequired)
        {
            parameter["required"] = true;
        }

        if (description is not null)
        {
            parameter["description"] = description;
        }

        parameter["schema"] = schema;
        return parameter;
    }
}
