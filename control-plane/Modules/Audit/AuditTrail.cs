using Cloud.Modules.Audit.Public;
using Cloud.Modules.Platform.Access;
using Cloud.Modules.Platform.Data;
using Npgsql;
using NpgsqlTypes;

namespace Cloud.Modules.Audit;

/// <summary>Writes through two SQL functions: the application's role can neither change nor delete what was recorded.</summary>
internal sealed class AuditTrail(TenantTransaction transaction, TimeProvider time) : IAuditTrail
{
    public async Task<Guid> BeginAsync(AuditIntent intent, CancellationToken cancellationToken)
    {
        var id = Guid.CreateVersion7(time.GetUtcNow());
        await using var command = transaction.Connection.CreateCommand();
        command.CommandText = "select cloud.begin_audit($1, $2, $3, $4, $5, $6, $7, $8)";
        Add(command, NpgsqlDbType.Uuid, id);
        Add(command, NpgsqlDbType.Uuid, intent.OrganizationId?.Value);
        Add(command, NpgsqlDbType.Text, intent.Principal.Kind == PrincipalKind.User ? "user" : "apiKey");
        Add(command, NpgsqlDbType.Uuid, intent.Principal.Id);
        Add(command, NpgsqlDbType.Text, intent.Action);
        Add(command, NpgsqlDbType.Text, intent.Target);
        Add(command, NpgsqlDbType.Text, intent.RequestId);
        Add(command, NpgsqlDbType.Text, intent.Address);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return id;
    }

    public async Task EndAsync(Guid id, string outcome, int status, CancellationToken cancellationToken)
    {
        await using var command = transaction.Connection.CreateCommand();
        command.CommandText = "select cloud.end_audit($1, $2, $3)";
        Add(command, NpgsqlDbType.Uuid, id);
        Add(command, NpgsqlDbType.Text, outcome);
        Add(command, NpgsqlDbType.Integer, status);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static void Add(NpgsqlCommand command, NpgsqlDbType type, object? value) =>
        command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value, NpgsqlDbType = type });
}
