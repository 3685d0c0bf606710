using System.Text.Json.Nodes;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;

namespace Cloud.Modules.Platform.OpenApi;

/// <summary>Which failures an endpoint can answer with, from its class, its route and what it declares. Pure.</summary>
internal static class OperationErrors
{
    /// <summary>Error codes, each once, by name.</summary>
    public static IReadOnlyList<string> CodesOf(EndpointRules rules, string method, bool hasBody, bool hasRoute, bool isList)
    {
        var codes = new SortedSet<string>(rules.Errors, StringComparer.Ordinal)
        {
            PlatformErrors.MalformedRequest, PlatformErrors.RateLimited, PlatformErrors.Unavailable, PlatformErrors.Internal,
        };
        AddIf(codes, !rules.IsPublic, PlatformErrors.Unauthenticated);
        AddIf(codes, rules.Permission is not null, PlatformErrors.Forbidden);
        AddIf(codes, hasRoute || rules.ScopeQueryParameter is not null, PlatformErrors.NotFound);
        AddIf(codes, isList, PlatformErrors.InvalidPageToken, PlatformErrors.InvalidFilter);
        AddIf(codes, hasBody || rules.IsMutation, PlatformErrors.PayloadTooLarge);
        AddIf(
            codes, hasBody && !rules.IsForm, PlatformErrors.UnknownField, PlatformErrors.UnsupportedMediaType, PlatformErrors.ValidationFailed);
        AddIf(
            codes,
            rules.IsMutation,
            PlatformErrors.IdempotencyKeyReuse,
            PlatformErrors.IdempotencyKeyInUse,
            PlatformErrors.ConcurrentChange);
        AddIf(codes, rules.Class == EndpointClass.ResourceWrite && method is "PATCH" or "DELETE", PlatformErrors.PreconditionFailed);
        AddIf(codes, rules.RequiresIfMatch, PlatformErrors.PreconditionRequired);
        return [.. codes];
    }

    /// <summary>One response per status, which names its codes.</summary>
    public static IEnumerable<KeyValuePair<string, JsonNode?>> Responses(IEnumerable<string> codes, ErrorRegistry registry) => codes
        .Select(registry.Get)
        .GroupBy(definition => definition.Status)
        .OrderBy(group => group.Key)
        .Select(group => KeyValuePair.Create(group.Key.ToString(), (JsonNode?)Response([.. group])));

    private static JsonObject Response(IReadOnlyList<ErrorDefinition> definitions) => new()
    {
        ["description"] = string.Join(' ', definitions.Select(definition => $"`{definition.Code}`: {definition.Title}")),
        ["x-cloud-codes"] = new JsonArray([.. definitions.Select(definition => (JsonNode)definition.Code)]),
        ["content"] = new JsonObject
        {
            ["application/problem+json"] = new JsonObject
            {
                ["schema"] = new JsonObject { ["$ref"] = "#/components/schemas/Problem" },
            },
        },
    };

    private static void AddIf(SortedSet<string> codes, bool condition, params string[] more)
    {
        if (condition)
        {
            codes.UnionWith(more);
        }
    }
}
