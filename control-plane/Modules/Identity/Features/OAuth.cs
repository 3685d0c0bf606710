using System.Text;
using System.Text.Json.Serialization;
using Cloud.Kernel;
using Cloud.Modules.Identity.Public;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform;
using Cloud.Modules.Platform.Access;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Http;

namespace Cloud.Modules.Identity.Features;

/// <summary>What the authorization server can do. Source: RFC 8414, section 2. Only what exists is advertised.</summary>
internal static class GetAuthorizationServerMetadata
{
    internal sealed record Metadata
    {
        [JsonPropertyName("issuer")]
        public required string Issuer { get; init; }

        [JsonPropertyName("token_endpoint")]
        public required string TokenEndpoint { get; init; }

        [JsonPropertyName("revocation_endpoint")]
        public required string RevocationEndpoint { get; init; }

        [JsonPropertyName("introspection_endpoint")]
        public required string IntrospectionEndpoint { get; init; }

        [JsonPropertyName("grant_types_supported")]
        public IReadOnlyList<string> GrantTypesSupported { get; init; } = ["client_credentials", "refresh_token"];

        [JsonPropertyName("response_types_supported")]
        public IReadOnlyList<string> ResponseTypesSupported { get; init; } = [];

        [JsonPropertyName("token_endpoint_auth_methods_supported")]
        public IReadOnlyList<string> TokenEndpointAuthMethodsSupported { get; init; } =
            ["client_secret_basic", "client_secret_post", "none"];

        [JsonPropertyName("revocation_endpoint_auth_methods_supported")]
        public IReadOnlyList<string> RevocationEndpointAuthMethodsSupported { get; init; } = ["none"];

        [JsonPropertyName("introspection_endpoint_auth_methods_supported")]
        public IReadOnlyList<string> IntrospectionEndpointAuthMethodsSupported { get; init; } =
            ["client_secret_basic", "client_secret_post"];
    }

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/.well-known/oauth-authorization-server", Handle)
        .PublicQuery("discovery for clients that have no token yet")
        .ManagesTransaction();

    private static Reply<Metadata> Handle(CloudSettings settings) => Reply.Ok(new Metadata
    {
        Issuer = settings.PublicUrl,
        TokenEndpoint = settings.PublicUrl + "/oauth/token",
        RevocationEndpoint = settings.PublicUrl + "/oauth/revoke",
        IntrospectionEndpoint = settings.PublicUrl + "/oauth/introspect",
    });
}

/// <summary>The error reply of the OAuth endpoints, which its RFC fixes. Source: RFC 6749, section 5.2.</summary>
internal sealed record OAuthError(
    [property: JsonPropertyName("error")] string Error,
    [property: JsonPropertyName("error_description")] string Description);

/// <summary>A form request and the client that it authenticates as.</summary>
internal sealed record OAuthForm(IFormCollection Fields, string? ClientId, string? ClientSecret)
{
    /// <summary>Null when the request is no form. Source: RFC 6749, section 2.3.1: Basic with form-encoded parts, or body parameters.</summary>
    public static async Task<OAuthForm?> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (!request.HasFormContentType)
        {
            return null;
        }

        var fields = await request.ReadFormAsync(cancellationToken);
        var header = request.Headers.Authorization.ToString();
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
        {
            return new OAuthForm(fields, fields["client_id"], fields["client_secret"]);
        }

        var buffer = new byte[header.Length];
        if (!Convert.TryFromBase64String(header["Basic ".Length..].Trim(), buffer, out var length))
        {
            return new OAuthForm(fields, string.Empty, string.Empty);
        }

        var parts = Encoding.UTF8.GetString(buffer, 0, length).Split(':', 2);
        return new OAuthForm(fields, Uri.UnescapeDataString(parts[0]), parts.Length == 2 ? Uri.UnescapeDataString(parts[1]) : string.Empty);
    }

    public static IResult Fail(string error, string description, int status = StatusCodes.Status400BadRequest) =>
        Results.Json(new OAuthError(error, description), ApiJson.Options, statusCode: status);
}

/// <summary>Exchanges an API key or a refresh token for an access token. Source: RFC 6749, sections 4.4 and 6.</summary>
internal static class CreateToken
{
    internal sealed record TokenResponse
    {
        [JsonPropertyName("access_token")]
        public required string AccessToken { get; init; }

        [JsonPropertyName("token_type")]
        public string TokenType { get; init; } = "Bearer";

        [JsonPropertyName("expires_in")]
        public required int ExpiresIn { get; init; }

        [JsonPropertyName("refresh_token")]
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? RefreshToken { get; init; }
    }

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/oauth/token", HandleAsync)
        .CredentialExchange("exchanges an API key or refresh token")
        .ReturnsSecret("access_token", "refresh_token")
        .Form<TokenResponse>(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = "key_01j9z3k8b5v6w7x8y9z0a1b2c3",
            ["client_secret"] = "cks_Zm91ciByYW5kb20gd29yZHMgaGVyZQ",
        });

    private static async Task<IResult> HandleAsync(
        HttpContext http,
        IApiKeys apiKeys,
        TokenIssuer issuer,
        TenantTransaction transaction,
        CancellationToken cancellationToken)
    {
        http.Response.Headers.Pragma = "no-cache";
        var form = await OAuthForm.ReadAsync(http.Request, cancellationToken);
        if (form is null)
        {
            return OAuthForm.Fail("invalid_request", "Send application/x-www-form-urlencoded.");
        }

        await transaction.BeginAsync(cancellationToken);
        var grant = form.Fields["grant_type"].ToString();
        IssuedTokens? tokens;
        switch (grant)
        {
            case "client_credentials":
                var key = await apiKeys.AuthenticateAsync(form.ClientId, form.ClientSecret, cancellationToken);
                if (key is null)
                {
                    http.Response.Headers.WWWAuthenticate = "Basic realm=\"oauth\"";
                    return OAuthForm.Fail(
                        "invalid_client", "The client id or secret is wrong, expired or revoked.", StatusCodes.Status401Unauthorized);
                }

                tokens = await issuer.IssueForApiKeyAsync(key.Value.Value, cancellationToken);
                break;
            case "refresh_token":
                tokens = await issuer.RefreshAsync(form.Fields["refresh_token"].ToString(), cancellationToken);
                break;
            default:
                return OAuthForm.Fail("unsupported_grant_type", "grant_type must be client_credentials or refresh_token.");
        }

        await transaction.CommitAsync(cancellationToken);
        return tokens is null
            ? OAuthForm.Fail("invalid_grant", "The refresh token is unknown, expired or was used before. Sign in again.")
            : Results.Json(
                new TokenResponse
                {
                    AccessToken = tokens.AccessToken,
                    ExpiresIn = (int)tokens.ExpiresIn.TotalSeconds,
                    RefreshToken = tokens.RefreshToken,
                },
                ApiJson.Options);
    }
}

/// <summary>Ends a token and what hangs on it. Source: RFC 7009: whoever holds a token may revoke it; unknown ones are no error.</summary>
internal static class RevokeToken
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/oauth/revoke", HandleAsync)
        .CredentialExchange("whoever holds a token may revoke it")
        .Form<Nothing>(new Dictionary<string, string>(StringComparer.Ordinal) { ["token"] = "cat_Zm91ciByYW5kb20gd29yZHMgaGVyZQ" });

    private static async Task<IResult> HandleAsync(
        HttpContext http,
        TokenIssuer issuer,
        TenantTransaction transaction,
        CancellationToken cancellationToken)
    {
        var form = await OAuthForm.ReadAsync(http.Request, cancellationToken);
        if (form is null || form.Fields["token"].ToString() is not { Length: > 0 } token)
        {
            return OAuthForm.Fail("invalid_request", "Send the form field 'token'.");
        }

        await transaction.BeginAsync(cancellationToken);
        await issuer.RevokeAsync(token, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return Results.Ok();
    }
}

/// <summary>Tells a client whether a token lives. Source: RFC 7662. A client learns of tokens of its own organization alone.</summary>
internal static class IntrospectToken
{
    internal sealed record Introspection
    {
        [JsonPropertyName("active")]
        public required bool Active { get; init; }

        [JsonPropertyName("sub")]
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? Subject { get; init; }

        [JsonPropertyName("iss")]
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? Issuer { get; init; }

        [JsonPropertyName("aud")]
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? Audience { get; init; }

        [JsonPropertyName("token_type")]
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? TokenType { get; init; }
    }

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/oauth/introspect", HandleAsync)
        .CredentialExchange("clients authenticate with their API key")
        .Form<Introspection>(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["token"] = "cat_Zm91ciByYW5kb20gd29yZHMgaGVyZQ",
            ["client_id"] = "key_01j9z3k8b5v6w7x8y9z0a1b2c3",
            ["client_secret"] = "cks_Zm91ciByYW5kb20gd29yZHMgaGVyZQ",
        });

    private static async Task<IResult> HandleAsync(
        HttpContext http,
        IApiKeys apiKeys,
        CloudSettings settings,
        TenantTransaction transaction,
        CancellationToken cancellationToken)
    {
        var form = await OAuthForm.ReadAsync(http.Request, cancellationToken);
        if (form is null)
        {
            return OAuthForm.Fail("invalid_request", "Send application/x-www-form-urlencoded.");
        }

        await transaction.BeginAsync(cancellationToken);
        var client = await apiKeys.AuthenticateAsync(form.ClientId, form.ClientSecret, cancellationToken);
        if (client is null)
        {
            http.Response.Headers.WWWAuthenticate = "Basic realm=\"oauth\"";
            return OAuthForm.Fail("invalid_client", "The client id or secret is wrong.", StatusCodes.Status401Unauthorized);
        }

        await using var command = transaction.Connection.CreateCommand();
        command.CommandText = "select kind, id from cloud.introspect($1, $2)";
        command.Parameters.AddWithValue(Admission.HashToken(form.Fields["token"].ToString()));
        command.Parameters.AddWithValue(client.Value.Value);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        var introspection = !await row.ReadAsync(cancellationToken)
            ? new Introspection { Active = false }
            : new Introspection
            {
                Active = true,
                Subject = row.GetString(0) == "user" ? new UserId(row.GetGuid(1)).ToString() : new ApiKeyId(row.GetGuid(1)).ToString(),
                Issuer = settings.PublicUrl,
                Audience = settings.PublicUrl,
                TokenType = "Bearer",
            };
        return Results.Json(introspection, ApiJson.Options);
    }
}
