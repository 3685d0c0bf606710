using Cloud.Kernel;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Access;
using Cloud.Modules.Platform.Data;

namespace Cloud.Modules.Organizations;

/// <summary>Authenticates API keys. Their secrets carry 256 random bits, so that one SHA-256 is hash enough.</summary>
internal sealed class ApiKeys(TenantTransaction transaction) : IApiKeys
{
    public async Task<ApiKeyId?> AuthenticateAsync(string? clientId, string? clientSecret, CancellationToken cancellationToken)
    {
        if (clientSecret is null || !TypedId.TryParse<ApiKeyId>(clientId, out var id))
        {
            return null;
        }

        await using var command = transaction.Connection.CreateCommand();
        command.CommandText = "select cloud.authenticate_api_key($1, $2)";
        command.Parameters.AddWithValue(id.Value);
        command.Parameters.AddWithValue(Admission.HashToken(clientSecret));
        return await command.ExecuteScalarAsync(cancellationToken) is true ? id : null;
    }

    /// <summary>The organization of an API key that has been admitted.</summary>
    public static async Task<OrganizationId> OrganizationOfAsync(
        TenantTransaction transaction,
        Guid apiKey,
        CancellationToken cancellationToken)
    {
        await using var command = transaction.Connection.CreateCommand();
        command.CommandText = "select cloud.organization_of_caller($1)";
        command.Parameters.AddWithValue(apiKey);
        return await command.ExecuteScalarAsync(cancellationToken) is Guid organization
            ? new OrganizationId(organization)
            : throw new InvariantViolatedException("an admitted API key has an organization");
    }
}
