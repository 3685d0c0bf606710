using Cloud.Kernel;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Errors;

namespace Cloud.Modules.Platform.Http;

/// <summary>Refuses to start a host whose endpoints do not declare what they are.</summary>
internal static class EndpointCheck
{
    /// <exception cref="InvariantViolatedException">Names the endpoint and what it lacks.</exception>
    public static void Require(IEnumerable<Endpoint> endpoints, ErrorRegistry errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var endpoint in endpoints.OfType<RouteEndpoint>())
        {
            var violation = Check(endpoint, errors, names);
            Invariant.Require(violation is null, $"endpoint {endpoint.DisplayName}: {violation}");
        }
    }

    /// <summary>Null when all is well.</summary>
    internal static string? Check(Endpoint endpoint, ErrorRegistry errors, ISet<string> namesSoFar)
    {
        var rules = endpoint.Metadata.GetMetadata<EndpointRules>();
        if (rules is { InfrastructureReason: not null })
        {
            return null;
        }

        if (rules?.Class is null)
        {
            return "declares no class; call ResourceWrite, Action, Query, CredentialExchange or Infrastructure on it";
        }

        if (rules.Permission is null == rules.PermissionReason is null)
        {
            return "needs either a permission or the reason why there is none";
        }

        if (rules.Permission is not null && !Permissions.Contains(rules.Permission))
        {
            return $"needs the permission '{rules.Permission}', which is not in Permissions";
        }

        if (rules.Permission is not null && rules.ScopeParameter is null && rules.ScopeQueryParameter is null)
        {
            return "has a permission, but no handler parameter of a typed id that is named as the first route parameter";
        }

        if (rules is { IsMutation: true, ManagesTransaction: true })
        {
            return "changes something, which happens in the pipeline's transaction, and yet manages its own";
        }

        var unknown = rules.Errors.FirstOrDefault(code => !errors.Contains(code));
        if (unknown is not null)
        {
            return $"fails with '{unknown}', which is not in the error registry";
        }

        return namesSoFar.Add(rules.OperationId()) ? null : $"shares the operation id '{rules.OperationId()}' with another";
    }
}
