using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Cloud.Kernel;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Http;

namespace Cloud.Modules.Platform.OpenApi;

/// <summary>
/// Turns the types of requests and replies into JSON schemas (draft 2020-12, as OpenAPI 3.1 has them). Our own records and enums
/// become components, named after their type; everything else is written in place. Not thread-safe.
/// </summary>
internal sealed class SchemaWriter(DocComments comments, IReadOnlySet<Type> inputs)
{
    private readonly SortedDictionary<string, (Type Type, JsonNode Schema)> _components = new(StringComparer.Ordinal);

    /// <summary>By name. Complete once every type was written.</summary>
    public JsonObject Components() =>
        new(_components.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value.Schema.DeepClone())));

    /// <summary>The schema of a type, or a reference to its component.</summary>
    public JsonNode Write(Type type) => ApiJson.Options.GetJsonSchemaAsNode(type, new JsonSchemaExporterOptions
    {
        TreatNullObliviousAsNonNullable = true,
        TransformSchemaNode = Transform,
    });

    /// <summary><c>CreateProject.Request</c> is CreateProjectRequest, <c>ProjectReply</c> Project, <c>Page&lt;ProjectReply&gt;</c> ProjectPage.</summary>
    internal static string NameOf(Type type)
    {
        if (type.IsGenericType)
        {
            return string.Concat(type.GetGenericArguments().Select(NameOf)) + type.Name[..type.Name.IndexOf('`')];
        }

        var name = type.DeclaringType is { } slice ? slice.Name + type.Name : type.Name;
        return name.EndsWith("Reply", StringComparison.Ordinal) && name.Length > "Reply".Length ? name[..^"Reply".Length] : name;
    }

    private JsonNode Transform(JsonSchemaExporterContext context, JsonNode schema)
    {
        var type = Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type;
        var isNullable = type != context.TypeInfo.Type || AllowsNull(schema);
        if (ModelConventions.IsTypedId(type))
        {
            return Describe(context, OrNull(IdSchema(type), isNullable));
        }

        if (type == typeof(DateTimeOffset))
        {
            return Describe(context, OrNull(new JsonObject { ["type"] = "string", ["format"] = "date-time" }, isNullable));
        }

        if (!IsComponent(type))
        {
            return Describe(context, schema);
        }

        var name = NameOf(type);
        Add(name, type, () => type.IsEnum ? EnumSchema(type) : ObjectSchema(context.TypeInfo, type, schema));
        var reference = new JsonObject { ["$ref"] = "#/components/schemas/" + name };
        if (context.Path.Length == 0)
        {
            return reference;
        }

        return Describe(context, isNullable
            ? new JsonObject { ["anyOf"] = new JsonArray(reference, new JsonObject { ["type"] = "null" }) }
            : reference);
    }

    private static bool IsComponent(Type type) =>
        type.Assembly == typeof(SchemaWriter).Assembly || type.Assembly == typeof(Contracts.InstanceRole).Assembly;

    private void Add(string name, Type type, Func<JsonNode> schema)
    {
        if (_components.TryGetValue(name, out var known))
        {
            Invariant.Require(known.Type == type, $"{known.Type} and {type} would both be the OpenAPI schema '{name}'; rename one");
            return;
        }

        _components.Add(name, (type, schema()));
    }

    private JsonObject ObjectSchema(JsonTypeInfo info, Type type, JsonNode schema)
    {
        var result = (JsonObject)schema.DeepClone();
        result["type"] = "object";
        if (comments.Of(type) is { } summary)
        {
            result["description"] = summary;
        }

        if (!inputs.Contains(type))
        {
            // Replies always carry every field, but for those that are left out when null.
            var always = info.Properties
                .Where(property => property.Get is not null && property.AttributeProvider?.IsDefined(typeof(JsonIgnoreAttribute), true) != true)
                .Select(property => (JsonNode)property.Name)
                .ToArray();
            result["required"] = new JsonArray(always);
        }

        // Replies may gain fields in later versions: clients must not refuse them.
        if (!inputs.Contains(type))
        {
            result.Remove("additionalProperties");
        }

        foreach (var property in info.Properties)
        {
            Correct(property, result, isReply: !inputs.Contains(type));
        }

        return result;
    }

    /// <summary>Puts right what the exporter of System.Text.Json says too little or too much of.</summary>
    private void Correct(JsonPropertyInfo property, JsonObject parent, bool isReply)
    {
        if (parent["properties"]?[property.Name] is not JsonObject schema)
        {
            return;
        }

        // A default of null says no more than that the field is optional; and where a type has a converter of its own, it is all
        // that is left of the schema.
        if (schema.ContainsKey("default") && schema["default"] is null)
        {
            schema.Remove("default");
            if (schema.Count == 0 && Write(property.PropertyType) is JsonObject whole)
            {
                parent["properties"]![property.Name] = schema = whole; // as in the condition above
            }
        }

        // A property without a setter counts as nullable there, though its getter says otherwise.
        if (isReply && !property.IsGetNullable && schema["type"] is JsonArray types && Nullable.GetUnderlyingType(property.PropertyType) is null)
        {
            schema["type"] = types.First(type => type?.GetValue<string>() != "null")!.DeepClone(); // two entries, one of them null
        }
    }

    private JsonObject EnumSchema(Type type)
    {
        var values = Enum.GetNames(type).Select(name => (JsonNode)System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(name)).ToArray();
        var schema = new JsonObject { ["type"] = "string", ["enum"] = new JsonArray(values) };
        if (comments.Of(type) is { } summary)
        {
            schema["description"] = summary;
        }

        return schema;
    }

    private static JsonObject IdSchema(Type type)
    {
        var prefix = (string)type.GetProperty("Prefix", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!; // ITypedId
        return new JsonObject { ["type"] = "string", ["pattern"] = $"^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$" };
    }

    private static JsonObject OrNull(JsonObject schema, bool isNullable)
    {
        if (isNullable)
        {
            schema["type"] = new JsonArray(schema["type"]!.DeepClone(), "null"); // set by both callers
        }

        return schema;
    }

    private static bool AllowsNull(JsonNode schema) => schema is JsonObject fields && fields["type"] is JsonArray types
        && types.Any(type => type?.GetValue<string>() == "null");

    private JsonNode Describe(JsonSchemaExporterContext context, JsonNode schema)
    {
        if (schema is JsonObject fields
            && context.PropertyInfo?.AttributeProvider is PropertyInfo property
            && comments.Of(property) is { } summary)
        {
            fields["description"] = summary;
        }

        return schema;
    }
}
