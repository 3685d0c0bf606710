using System.Reflection;
using Cloud.Kernel;
using Cloud.Modules.Platform.Data;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Cloud.Modules.Platform.Http;

/// <summary>
/// How endpoints declare what they are. Every endpoint calls exactly one of <see cref="ResourceWrite"/>, <see cref="Action"/>,
/// <see cref="Query"/>, <see cref="CredentialExchange"/> and <see cref="Infrastructure{TBuilder}"/>; one that calls none stops the host at start.
/// </summary>
internal static class EndpointRulesExtensions
{
    /// <summary>Creates, changes or deletes a resource.</summary>
    /// <param name="permission">From <c>Organizations.Public.Permissions</c>; needed on the resource of the first route parameter.</param>
    public static RouteHandlerBuilder ResourceWrite(this RouteHandlerBuilder builder, string permission) =>
        builder.Declare(rules => rules with { Class = EndpointClass.ResourceWrite, Permission = permission });

    /// <summary>A verb on a resource, such as <c>:cancel</c>.</summary>
    public static RouteHandlerBuilder Action(this RouteHandlerBuilder builder, string permission) =>
        builder.Declare(rules => rules with { Class = EndpointClass.Action, Permission = permission });

    /// <summary>A read.</summary>
    public static RouteHandlerBuilder Query(this RouteHandlerBuilder builder, string permission) =>
        builder.Declare(rules => rules with { Class = EndpointClass.Query, Permission = permission });

    /// <summary>A read for members of the organization whose handler leaves out what the caller's roles do not reach.</summary>
    public static RouteHandlerBuilder QueryOfAnyScope(this RouteHandlerBuilder builder, string permission) =>
        builder.Declare(rules => rules with { Class = EndpointClass.Query, Permission = permission, AnyScope = true });

    /// <summary>A call for everybody who is signed in, on what is theirs.</summary>
    public static RouteHandlerBuilder SignedIn(this RouteHandlerBuilder builder, EndpointClass endpointClass, string reason) =>
        builder.Declare(rules => rules with { Class = endpointClass, PermissionReason = reason });

    /// <summary>A read that anonymous callers may make.</summary>
    public static RouteHandlerBuilder PublicQuery(this RouteHandlerBuilder builder, string reason) =>
        builder.Declare(rules => rules with { Class = EndpointClass.Query, IsPublic = true, PermissionReason = reason });

    /// <summary>Sign-up, sign-in, OAuth: throttled by address, never cached, begins its own transactions.</summary>
    public static RouteHandlerBuilder CredentialExchange(this RouteHandlerBuilder builder, string reason) =>
        builder.Declare(rules => rules with
        {
            Class = EndpointClass.CredentialExchange,
            IsPublic = true,
            ManagesTransaction = true,
            PermissionReason = reason,
        });

    /// <summary>No part of the API.</summary>
    public static TBuilder Infrastructure<TBuilder>(this TBuilder builder, string reason)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(endpoint => Change(endpoint, rules => rules with { InfrastructureReason = reason }));
        return builder;
    }

    /// <summary>PATCH and DELETE answer 428 without If-Match.</summary>
    public static RouteHandlerBuilder RequiresIfMatch(this RouteHandlerBuilder builder) =>
        builder.Declare(rules => rules with { RequiresIfMatch = true });

    /// <summary>The handler begins and ends its own transactions through <see cref="TenantTransaction"/>.</summary>
    public static RouteHandlerBuilder ManagesTransaction(this RouteHandlerBuilder builder) =>
        builder.Declare(rules => rules with { ManagesTransaction = true });

    /// <summary>The permission applies to the resource of this route parameter instead of the first.</summary>
    public static RouteHandlerBuilder ScopedBy(this RouteHandlerBuilder builder, string parameter)
    {
        builder.Add(endpoint => Change(endpoint, rules => WithScope(rules, parameter)));
        return builder;
    }

    /// <summary>The resource is named by a query parameter; without it the call is about no organization.</summary>
    public static RouteHandlerBuilder ScopedByQuery(this RouteHandlerBuilder builder, string parameter) =>
        builder.Declare(rules => rules with { ScopeQueryParameter = parameter });

    /// <summary>Names the top-level reply fields that are secrets.</summary>
    public static RouteHandlerBuilder ReturnsSecret(this RouteHandlerBuilder builder, params string[] fields) =>
        builder.Declare(rules => rules with { SecretFields = fields });

    /// <summary>Names the error codes that the handler itself answers with.</summary>
    public static RouteHandlerBuilder Fails(this RouteHandlerBuilder builder, params string[] codes) =>
        builder.Declare(rules => rules with { Errors = [.. rules.Errors, .. codes] });

    /// <summary>A request body that works.</summary>
    public static RouteHandlerBuilder Example(this RouteHandlerBuilder builder, object body) =>
        builder.Declare(rules => rules with { Example = body });

    /// <summary>The status of success where it is not the default: 200 for reads and PATCH, 201 for POST, 204 for DELETE.</summary>
    public static RouteHandlerBuilder Replies(this RouteHandlerBuilder builder, int status) =>
        builder.Declare(rules => rules with { SuccessStatus = status });

    /// <summary>Success is no JSON: a download, or a stream of events.</summary>
    public static RouteHandlerBuilder Sends(this RouteHandlerBuilder builder, string mediaType) =>
        builder.Declare(rules => rules with { ReplyMediaType = mediaType });

    /// <summary>The body is a form, and the reply is <typeparamref name="TReply"/>, as the OAuth RFCs demand.</summary>
    /// <param name="example">A form that works.</param>
    public static RouteHandlerBuilder Form<TReply>(this RouteHandlerBuilder builder, IReadOnlyDictionary<string, string> example) =>
        builder.Declare(rules => rules with { Example = example, IsForm = true, ReplyType = typeof(TReply) });

    private static RouteHandlerBuilder Declare(this RouteHandlerBuilder builder, Func<EndpointRules, EndpointRules> change)
    {
        builder.Add(endpoint => Change(endpoint, change));
        return builder;
    }

    private static void Change(EndpointBuilder endpoint, Func<EndpointRules, EndpointRules> change)
    {
        var rules = endpoint.Metadata.OfType<EndpointRules>().LastOrDefault() ?? Describe(endpoint);
        endpoint.Metadata.Remove(rules);
        endpoint.Metadata.Add(change(rules));
    }

    /// <summary>Takes from the handler and its route what need not be declared.</summary>
    private static EndpointRules Describe(EndpointBuilder endpoint)
    {
        var handler = endpoint.Metadata.OfType<MethodInfo>().FirstOrDefault();
        var route = (endpoint as RouteEndpointBuilder)?.RoutePattern;
        var rules = new EndpointRules { Handler = handler };
        return route?.Parameters is [var first, ..] ? WithScope(rules, first.Name) : rules;
    }

    /// <summary>Unchanged when the handler takes no typed id of this name.</summary>
    private static EndpointRules WithScope(EndpointRules rules, string parameter)
    {
        var type = rules.Handler?.GetParameters().FirstOrDefault(candidate => candidate.Name == parameter)?.ParameterType;
        return type is not null && ModelConventions.IsTypedId(type)
            ? rules with { ScopeParameter = parameter, ScopePrefix = PrefixOf(type) }
            : rules;
    }

    private static string PrefixOf(Type id) =>
        (string)id.GetProperty("Prefix", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!; // ITypedId demands it
}
