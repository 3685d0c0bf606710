using Cloud.Kernel;
using Cloud.Modules.Platform.Access;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Npgsql;

namespace Cloud.Modules.Platform.Http;

/// <summary>
/// What every call of the API goes through, from its <see cref="EndpointRules"/>: rate limit, authentication, authorization and
/// tenancy, then <see cref="QueryRunner"/> or <see cref="MutationRunner"/>. It runs before parameters are bound, so that a
/// stranger learns nothing of a request's shape.
/// </summary>
internal sealed class ApiPipeline(RequestDelegate next, SchemaState schema, RequestLimits limits, ProblemWriter problems)
{
    public async Task InvokeAsync(HttpContext http)
    {
        var rules = http.GetEndpoint()?.Metadata.GetMetadata<EndpointRules>();
        if (rules is null || rules.InfrastructureReason is not null)
        {
            await next(http);
            return;
        }

        var cancellationToken = http.RequestAborted;
        if (!schema.IsReady)
        {
            await problems.WriteAsync(
                http,
                new Failure(PlatformErrors.Unavailable, "The control plane is starting or its database cannot be reached."),
                cancellationToken: cancellationToken);
        }
        else if (rules.IsPublic)
        {
            await ServePublicAsync(http, rules, cancellationToken);
        }
        else
        {
            await ServeSignedInAsync(http, rules, cancellationToken);
        }
    }

    private async Task ServePublicAsync(HttpContext http, EndpointRules rules, CancellationToken cancellationToken)
    {
        var address = http.Connection.RemoteIpAddress?.ToString() ?? "unknown";
        var isExchange = rules.Class == EndpointClass.CredentialExchange;
        if (!await CountAsync(http, isExchange ? limits.CountCredential(address) : limits.CountAddress(address), cancellationToken))
        {
            return;
        }

        if (isExchange)
        {
            http.Response.Headers.CacheControl = "no-store";
        }

        await BufferBodyAsync(http, cancellationToken);
        await http.RequestServices.GetRequiredService<QueryRunner>().RunAsync(http, rules, next, cancellationToken);
    }

    /// <summary>Before any transaction is open: a slow writer must hold no database connection.</summary>
    private static async Task BufferBodyAsync(HttpContext http, CancellationToken cancellationToken)
    {
        if (!HttpMethods.IsGet(http.Request.Method))
        {
            http.RequestServices.GetRequiredService<ApiCall>().Body = await RequestBody.BufferAsync(http, cancellationToken);
        }
    }

    private async Task ServeSignedInAsync(HttpContext http, EndpointRules rules, CancellationToken cancellationToken)
    {
        var token = BearerToken(http.Request);
        if (token is null)
        {
            await problems.WriteAsync(
                http,
                new Failure(PlatformErrors.Unauthenticated, "Send an access token: 'Authorization: Bearer …'."),
                cancellationToken: cancellationToken);
            return;
        }

        await BufferBodyAsync(http, cancellationToken);
        var named = NamedResource(http, rules);
        var resource = ParseId(named, rules);
        var gate = http.RequestServices.GetRequiredService<AdmissionGate>();
        var call = http.RequestServices.GetRequiredService<ApiCall>();
        var admitted = await gate.EnterAsync(token, resource is null ? null : rules.ScopeParameter, resource, cancellationToken);
        if (admitted.Principal is null)
        {
            await problems.WriteAsync(
                http,
                new Failure(PlatformErrors.Unauthenticated, "The access token is unknown, expired or revoked. Sign in again."),
                cancellationToken: cancellationToken);
            return;
        }

        if (!await CountAsync(http, limits.CountPrincipal(admitted.Principal.Id), cancellationToken))
        {
            return;
        }

        call.Caller = admitted.Principal;
        call.Entered = admitted.Access;
        if (Refuse(rules, admitted, named) is { } refusal)
        {
            await AnswerRefusalAsync(http, rules, refusal, cancellationToken);
            return;
        }

        if (rules.SecretFields.Count > 0)
        {
            http.Response.Headers.CacheControl = "no-store";
        }

        if (rules.IsMutation)
        {
            await http.RequestServices.GetRequiredService<MutationRunner>().RunAsync(http, rules, next, cancellationToken);
        }
        else
        {
            await http.RequestServices.GetRequiredService<QueryRunner>().RunAsync(http, rules, next, cancellationToken);
        }
    }

    /// <summary>A deletion that was done may be asked again under its idempotency key, though its resource is gone by then.</summary>
    private async Task AnswerRefusalAsync(
        HttpContext http,
        EndpointRules rules,
        Failure refusal,
        CancellationToken cancellationToken)
    {
        if (refusal.Code == PlatformErrors.NotFound && rules.IsMutation)
        {
            var mutations = http.RequestServices.GetRequiredService<MutationRunner>();
            if (await mutations.TryReplayAsync(http, cancellationToken))
            {
                return;
            }
        }

        await problems.WriteAsync(http, refusal, cancellationToken: cancellationToken);
    }

    private static Failure? Refuse(EndpointRules rules, Admitted admitted, string? resource)
    {
        if (resource is null)
        {
            return null; // Not about one resource: the handler sees what is the caller's own, and nothing else.
        }

        if (admitted.Access is not { } access)
        {
            return PlatformErrors.ResourceNotFound(rules.ScopeParameter ?? "resource", resource);
        }

        var allowed = rules.Permission is null
            || (rules.AnyScope ? access.AllowsAnywhere(rules.Permission) : access.Allows(rules.Permission));
        return allowed
            ? null
            : new Failure(
                PlatformErrors.Forbidden,
                $"This needs the permission '{rules.Permission}', which none of the caller's roles has here.");
    }

    /// <summary>The id that the route or query names, as text; null when it names none.</summary>
    private static string? NamedResource(HttpContext http, EndpointRules rules)
    {
        if (rules.ScopeParameter is { } parameter)
        {
            return http.Request.RouteValues[parameter]?.ToString();
        }

        return rules.ScopeQueryParameter is { } query && http.Request.Query.TryGetValue(query, out var values) ? values.ToString() : null;
    }

    /// <summary>Null for what is no id of the route's kind: it is answered as an id that does not exist.</summary>
    private static Guid? ParseId(string? text, EndpointRules rules)
    {
        var separator = text?.IndexOf('_') ?? -1;
        return separator > 0
            && (rules.ScopePrefix is not { } prefix || text.AsSpan(0, separator).SequenceEqual(prefix))
            && Crockford32.TryDecode(text.AsSpan(separator + 1), out var id)
            ? id
            : null;
    }

    private async Task<bool> CountAsync(HttpContext http, RequestLimits.Verdict verdict, CancellationToken cancellationToken)
    {
        verdict.WriteHeaders(http.Response);
        if (verdict.Allowed)
        {
            return true;
        }

        await problems.WriteAsync(
            http,
            new Failure(
                PlatformErrors.RateLimited,
                $"More than {verdict.Quota} requests in {verdict.Length.TotalSeconds:0} s under the policy '{verdict.Policy}'."),
            retryAfter: verdict.Reset,
            cancellationToken: cancellationToken);
        return false;
    }

    private static string? BearerToken(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && header.Length is > 7 and < 512
            ? header[Scheme.Length..].Trim()
            : null;
    }
}

/// <summary>Opens the request's transaction and admits the caller in it.</summary>
internal sealed class AdmissionGate(
    TenantTransaction transaction,
    Admission admission,
    DatabaseBreaker breaker,
    TimeProvider time)
{
    /// <summary>
    /// How long a caller waits for a database that does not answer. The driver itself takes longer to give up (its timeout, and then
    /// its attempt to cancel); it finishes that after the caller has been told.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <exception cref="NpgsqlException">The database is away, or was a moment ago.</exception>
    /// <exception cref="TimeoutException">It does not answer.</exception>
    public async Task<Admitted> EnterAsync(string token, string? kind, Guid? resource, CancellationToken cancellationToken)
    {
        if (!breaker.TryEnter())
        {
            throw new NpgsqlException("the database did not answer a moment ago");
        }

        try
        {
            var attempt = TryTwiceAsync(token, kind, resource, cancellationToken);
            transaction.DisposeAfter(attempt);
            var admitted = await attempt.WaitAsync(Patience, time, cancellationToken);
            breaker.ReportAnswered();
            return admitted;
        }
        catch (Exception unreachable) when (Faults.IsUnreachable(unreachable))
        {
            breaker.ReportAway();
            throw;
        }
    }

    /// <summary>
    /// The first statement of a request may meet a pooled connection that a restart of the database has broken since its last use.
    /// Nothing was done then, so it is tried once more on a fresh one.
    /// </summary>
    private async Task<Admitted> TryTwiceAsync(string token, string? kind, Guid? resource, CancellationToken cancellationToken)
    {
        try
        {
            await transaction.BeginAsync(cancellationToken);
            return await admission.AdmitAsync(token, kind, resource, cancellationToken);
        }
        catch (Exception broken) when (IsBrokenConnection(broken))
        {
            await transaction.AbandonAsync();
            await transaction.BeginAsync(cancellationToken);
            return await admission.AdmitAsync(token, kind, resource, cancellationToken);
        }
    }

    private static bool IsBrokenConnection(Exception exception) => exception
        is NpgsqlException { InnerException: IOException or System.Net.Sockets.SocketException }
        or PostgresException { SqlState: PostgresErrorCodes.AdminShutdown };
}
