using System.Reflection;

namespace Cloud.Modules.Platform.Http;

/// <summary>Which promises a call keeps; see docs/design/api-conventions.md.</summary>
internal enum EndpointClass
{
    /// <summary>Reads. May use POST where the question does not fit into a URL.</summary>
    Query,

    /// <summary>Creates, changes or deletes a resource: idempotency keys, preconditions, validateOnly, audit.</summary>
    ResourceWrite,

    /// <summary>A verb on a resource: idempotency keys and audit; If-Match is optional.</summary>
    Action,

    /// <summary>Exchanges one credential for another; throttled by address, never cached, outside any tenant.</summary>
    CredentialExchange,
}

/// <summary>
/// What an endpoint declares of itself; the pipeline, the OpenAPI document and the guard tests read it. Immutable.
/// Made by the extension methods of <see cref="EndpointRulesExtensions"/>.
/// </summary>
internal sealed record EndpointRules
{
    public EndpointClass? Class { get; init; }

    /// <summary>
    /// The permission needed on the resource of the first route parameter; null when being signed in is enough
    /// (<see cref="PermissionReason"/> says why), and for credential exchanges and public reads.
    /// </summary>
    public string? Permission { get; init; }

    /// <summary>Why there is no permission.</summary>
    public string? PermissionReason { get; init; }

    /// <summary>Whether anonymous callers are served.</summary>
    public bool IsPublic { get; init; }

    /// <summary>Any member of the organization may call it; what they see is narrowed by the handler to what their roles reach.</summary>
    public bool AnyScope { get; init; }

    /// <summary>Whether a missing If-Match is refused with 428; only the first of PATCH and DELETE of a resource.</summary>
    public bool RequiresIfMatch { get; init; }

    /// <summary>The handler begins its own transactions: long polls, streams, and exchanges whose failures must be recorded.</summary>
    public bool ManagesTransaction { get; init; }

    /// <summary>Query parameter that names the resource where the route does not; null otherwise.</summary>
    public string? ScopeQueryParameter { get; init; }

    /// <summary>Top-level reply fields that are secrets: sealed where the reply is stored, absent from plans, never cached.</summary>
    public IReadOnlyList<string> SecretFields { get; init; } = [];

    /// <summary>Error codes beyond those of the class.</summary>
    public IReadOnlyList<string> Errors { get; init; } = [];

    /// <summary>A request body that works, serialised into the OpenAPI document; null when there is no body.</summary>
    public object? Example { get; init; }

    /// <summary>Whether the body is <c>application/x-www-form-urlencoded</c> instead of JSON.</summary>
    public bool IsForm { get; init; }

    /// <summary>The media type of a success that is no JSON, a download for example; null for JSON.</summary>
    public string? ReplyMediaType { get; init; }

    /// <summary>What a success carries, where the handler's signature does not say; null otherwise.</summary>
    public Type? ReplyType { get; init; }

    /// <summary>The status of success; null takes the default of the class and method.</summary>
    public int? SuccessStatus { get; init; }

    /// <summary>Set when the endpoint is no part of the API (health, metrics, the OpenAPI document), with the reason.</summary>
    public string? InfrastructureReason { get; init; }

    /// <summary>The handler's method, from which names and types are taken; set when the endpoint is built.</summary>
    public MethodInfo? Handler { get; init; }

    /// <summary>The route parameter that names the resource to which the permission applies, without braces; null for none.</summary>
    public string? ScopeParameter { get; init; }

    /// <summary>The id prefix of that resource, <c>clu</c> for example.</summary>
    public string? ScopePrefix { get; init; }

    public bool IsMutation => Class is EndpointClass.ResourceWrite or EndpointClass.Action;
}
