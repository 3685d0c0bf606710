using System.Text.Json;

namespace Cloud.Modules.Platform.Http;

/// <summary>Names that follow from where an endpoint's handler is.</summary>
internal static class EndpointNames
{
    /// <summary>The OpenAPI operation id and audit action: the slice's class name, <c>CreateCluster</c> as <c>createCluster</c>.</summary>
    public static string OperationId(this EndpointRules rules) =>
        JsonNamingPolicy.CamelCase.ConvertName(rules.Handler?.DeclaringType?.Name ?? "unknown");

    /// <summary>The OpenAPI tag: the module's folder.</summary>
    public static string Tag(this EndpointRules rules) =>
        rules.Handler?.DeclaringType?.Namespace?.Split('.') is [_, _, var module, ..] ? module : "Platform";
}
