using System.Net;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Cloud.Kernel;
using Cloud.Modules.Platform.Http;
using Cloud.TestKit;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Cloud.ControlPlane.Tests.Guards;

/// <summary>One endpoint of the running host, found by asking it.</summary>
internal sealed record Subject(string Method, string Pattern, EndpointRules Rules)
{
    public override string ToString() => $"{Method} {Pattern}";

    public static IReadOnlyList<Subject> Discover(IEnumerable<Endpoint> endpoints) => [.. endpoints
        .OfType<RouteEndpoint>()
        .Select(endpoint => (endpoint, rules: endpoint.Metadata.GetMetadata<EndpointRules>()))
        .Where(found => found.rules is { InfrastructureReason: null })
        .Select(found => new Subject(
            found.endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.Routing.HttpMethodMetadata>()!.HttpMethods[0], // mapped by method
            found.endpoint.RoutePattern.RawText!, // mapped by text
            found.rules!)) // filtered for it
        .OrderBy(subject => subject.ToString(), StringComparer.Ordinal)];

    /// <summary>The path with real ids where the owner has a resource of that kind, and well-formed ids of nothing elsewhere.</summary>
    public string Path(IReadOnlyDictionary<string, Guid> resources)
    {
        var path = Pattern;
        foreach (var parameter in Rules.Handler?.GetParameters() ?? [])
        {
            var placeholder = $"{{{parameter.Name}}}";
            if (path.Contains(placeholder, StringComparison.Ordinal))
            {
                path = path.Replace(placeholder, Value(parameter, resources));
            }
        }

        return path;
    }

    /// <summary>The request with the example body that its endpoint declares.</summary>
    public HttpRequestMessage Request(string path)
    {
        var request = new HttpRequestMessage(new HttpMethod(Method), path);
        if (Rules.IsForm)
        {
            request.Content = new FormUrlEncodedContent((IReadOnlyDictionary<string, string>)Rules.Example!); // forms have one
        }
        else if (Rules.Example is not null)
        {
            var json = JsonSerializer.Serialize(Rules.Example, Rules.Example.GetType(), ApiJson.Options);
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        request.Headers.TryAddWithoutValidation("If-Match", "*");
        return request;
    }

    private static string Value(ParameterInfo parameter, IReadOnlyDictionary<string, Guid> resources)
    {
        var prefix = parameter.ParameterType.GetProperty("Prefix", BindingFlags.Public | BindingFlags.Static)?.GetValue(null) as string;
        var id = resources.TryGetValue(parameter.Name!, out var known) ? known : Guid.CreateVersion7(); // route parameters have names
        return prefix is null ? "unknown" : $"{prefix}_{Crockford32.Encode(id)}";
    }
}

/// <summary>The rules of access, as checks that name every endpoint that breaks one.</summary>
internal static class AccessChecks
{
    /// <summary>Endpoints that answer a caller without a token with anything but 401, and do not declare themselves public.</summary>
    public static async Task<IReadOnlyList<string>> OpenToAnybodyAsync(
        IEnumerable<Subject> subjects, HttpClient anonymous, IReadOnlyDictionary<string, Guid> resources)
    {
        var open = new List<string>();
        foreach (var subject in subjects.Where(subject => !subject.Rules.IsPublic))
        {
            using var request = subject.Request(subject.Path(resources));
            using var reply = await anonymous.SendAsync(request);
            if (reply.StatusCode != HttpStatusCode.Unauthorized)
            {
                open.Add($"{subject} answered {(int)reply.StatusCode}");
            }
        }

        return open;
    }

    /// <summary>Endpoints about another tenant's resource that answer its stranger with anything but 404 (or 403).</summary>
    public static async Task<IReadOnlyList<string>> OpenToStrangersAsync(
        IEnumerable<Subject> subjects, ApiSession stranger, IReadOnlyDictionary<string, Guid> resources)
    {
        var open = new List<string>();
        foreach (var subject in subjects.Where(subject => subject.Rules.ScopeParameter is not null || subject.Rules.ScopeQueryParameter is not null))
        {
            var path = subject.Path(resources);
            if (subject.Rules.ScopeQueryParameter is { } query)
            {
                path += $"?{query}=org_{Crockford32.Encode(resources["organization"])}";
            }

            using var request = subject.Request(path);
            using var reply = await stranger.Client.SendAsync(request);
            if (reply.StatusCode is not (HttpStatusCode.NotFound or HttpStatusCode.Forbidden))
            {
                open.Add($"{subject} answered {(int)reply.StatusCode}: {await reply.Content.ReadAsStringAsync()}");
            }
        }

        return open;
    }
}
