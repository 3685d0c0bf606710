using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cloud.Kernel;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Http;
using Npgsql;
using NpgsqlTypes;

namespace Cloud.Modules.Platform.Access;

/// <summary>What the database says of a token and a resource.</summary>
/// <param name="Principal">Null when the token is unknown, expired or revoked.</param>
/// <param name="Access">Null when no resource was named, there is none, or the caller is not a member of its organization.</param>
internal sealed record Admitted(Principal? Principal, Access? Access);

/// <summary>
/// Finds out in one round trip who calls, to which organization the named resource belongs, and what the caller may do there;
/// in the same statement the transaction enters that organization. Tokens are looked up by their SHA-256: they carry 256 random
/// bits, so that a slow hash would add nothing (RFC 9700 asks for unguessable tokens; the hash makes a stolen table useless).
/// </summary>
internal sealed class Admission(TenantTransaction transaction, TenantScope tenant)
{
    /// <summary>
    /// The first statement of a request is also its probe: a database that does not even answer this within 2 s is away, and the
    /// caller is told so instead of being kept waiting.
    /// </summary>
    private const int TimeoutSeconds = 2;

    /// <summary>The transaction must be open; it has entered the organization when the result has an access.</summary>
    /// <param name="token">The bearer token as sent.</param>
    /// <param name="kind">Name of the route parameter, <c>cluster</c> for example; null when no resource is named.</param>
    /// <param name="resource">The resource's UUID, or null.</param>
    public async Task<Admitted> AdmitAsync(string token, string? kind, Guid? resource, CancellationToken cancellationToken)
    {
        await using var command = transaction.Connection.CreateCommand();
        command.CommandText = "select current_user, a.* from cloud.admit($1, $2, $3) a";
        command.CommandTimeout = TimeoutSeconds;
        command.Parameters.Add(new NpgsqlParameter { Value = HashToken(token), NpgsqlDbType = NpgsqlDbType.Bytea });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)kind ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)resource ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken))
        {
            return new Admitted(null, null);
        }

        Invariant.Require(row.GetString(0) == "cloud_app", "requests run as cloud_app, or row-level security would not hold");
        var principal = new Principal(
            row.GetString(1) == "user" ? PrincipalKind.User : PrincipalKind.ApiKey,
            row.GetGuid(2),
            await row.IsDBNullAsync(3, cancellationToken) ? null : row.GetGuid(3),
            row.GetBoolean(4));
        tenant.PrincipalId = principal.Id;
        if (await row.IsDBNullAsync(5, cancellationToken) || resource is null)
        {
            return new Admitted(principal, null);
        }

        var access = new Access
        {
            OrganizationId = new OrganizationId(row.GetGuid(5)),
            ResourceId = resource.Value,
            ProjectId = await row.IsDBNullAsync(6, cancellationToken) ? null : row.GetGuid(6),
            ClusterId = await row.IsDBNullAsync(7, cancellationToken) ? null : row.GetGuid(7),
            Grants = JsonSerializer.Deserialize<List<GrantedRole>>(row.GetString(8), ApiJson.Options) ?? [],
        };
        tenant.OrganizationId = access.OrganizationId;
        return new Admitted(principal, access);
    }

    /// <summary>How a token is stored: SHA-256 of its text.</summary>
    public static byte[] HashToken(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
