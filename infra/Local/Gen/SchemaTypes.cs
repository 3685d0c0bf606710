using System.Text.Json.Nodes;

namespace Cloud.Local.Gen;

/// <summary>From a JSON schema of our document to the C# type that carries it. Pure.</summary>
internal sealed class SchemaTypes(JsonObject components)
{
    private const string Prefix = "#/components/schemas/";

    /// <summary>Never ends in <c>?</c> for what cannot be null.</summary>
    public string TypeOf(JsonNode? schema)
    {
        if (schema is not JsonObject fields)
        {
            return "JsonElement";
        }

        if (fields["$ref"] is { } reference)
        {
            var name = reference.GetValue<string>()[Prefix.Length..];
            // A server may learn new values: an enum that refused them would break every older client.
            return components[name]?["enum"] is null ? name : "string";
        }

        if (fields["anyOf"] is JsonArray any)
        {
            return TypeOf(any[0]) + "?";
        }

        return fields["oneOf"] is JsonArray one ? TypeOf(one[0]) : Simple(fields);
    }

    private string Simple(JsonObject fields)
    {
        var names = fields["type"] switch
        {
            JsonArray many => many.Select(one => one!.GetValue<string>()).ToList(), // the document holds no nulls there
            JsonValue single => [single.GetValue<string>()],
            _ => [],
        };
        var nullable = names.Remove("null") ? "?" : string.Empty;
        var type = names.Count == 0 ? "JsonElement" : Named(names[0], fields);
        return type + nullable;
    }

    private string Named(string name, JsonObject fields) => name switch
    {
        "string" => fields["format"]?.GetValue<string>() switch
        {
            "date-time" => "DateTimeOffset",
            "binary" => "Stream",
            _ => "string",
        },
        "integer" => "long",
        "number" => "decimal",
        "boolean" => "bool",
        "array" => $"IReadOnlyList<{TypeOf(fields["items"])}>",
        "object" when fields["additionalProperties"] is JsonObject values => $"IReadOnlyDictionary<string, {TypeOf(values)}>",
        _ => "JsonElement",
    };
}
