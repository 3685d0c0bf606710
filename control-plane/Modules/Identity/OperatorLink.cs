using Cloud.Kernel;
using Cloud.Modules.Identity.Public;
using Cloud.Modules.Platform;
using Cloud.Modules.Platform.Access;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Secrets;
using Npgsql;

namespace Cloud.Modules.Identity;

/// <summary>
/// The way in for the first operator of a new cloud: a one-time link in <c>CLOUD_HOME/secrets/operator-link</c>, which only
/// somebody with access to the machine can read. It is there while nobody is operator.
/// </summary>
internal sealed partial class OperatorLink(CloudSettings settings, CloudDataSources sources, SchemaState schema, TimeProvider time, ILogger<OperatorLink> logger)
    : BackgroundService
{
    private static readonly TimeSpan Life = TimeSpan.FromDays(30);

    private string FilePath => Path.Combine(settings.SecretsFolder, "operator-link");

    /// <summary>Uses the token up and makes the person operator, in the open transaction.</summary>
    /// <returns>False when it is unknown, expired or used.</returns>
    public async Task<bool> ClaimAsync(string token, UserId user, TenantTransaction transaction, CancellationToken cancellationToken)
    {
        await using var command = transaction.Connection.CreateCommand();
        command.CommandText = """
            with used as (
                update cloud.one_time_links set used_at = $2, used_by = $3
                where hash = $1 and purpose = 'operator' and used_at is null and expires_at > $2
                returning 1)
            update cloud.users set is_operator = true where id = $3 and exists (select from used)
            """;
        command.Parameters.AddWithValue(Admission.HashToken(token));
        command.Parameters.AddWithValue(time.GetUtcNow());
        command.Parameters.AddWithValue(user.Value);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Whether the token would work.</summary>
    public async Task<bool> IsValidAsync(string token, CancellationToken cancellationToken)
    {
        await using var command = sources.App.CreateCommand(
            "select exists (select from cloud.one_time_links where hash = $1 and purpose = 'operator' and used_at is null and expires_at > $2)");
        command.Parameters.AddWithValue(Admission.HashToken(token));
        command.Parameters.AddWithValue(time.GetUtcNow());
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    /// <summary>To be called after the claim has committed.</summary>
    public void RemoveFile() => File.Delete(FilePath);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.WhenReadyAsync(stoppingToken);
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), new SeededRandom((ulong)Environment.ProcessId));
        while (true)
        {
            try
            {
                await OfferAsync(stoppingToken);
                return;
            }
            catch (NpgsqlException unreachable)
            {
                LogUnreachable(logger, unreachable.Message);
                await Task.Delay(backoff.Next(), stoppingToken);
            }
        }
    }

    /// <summary>Leaves a link that works, if there is no operator yet; keeps the one that is there if it works.</summary>
    private async Task OfferAsync(CancellationToken cancellationToken)
    {
        await using (var operators = sources.App.CreateCommand("select exists (select from cloud.users where is_operator)"))
        {
            if (await operators.ExecuteScalarAsync(cancellationToken) is true)
            {
                RemoveFile();
                return;
            }
        }

        if (File.Exists(FilePath))
        {
            var link = (await File.ReadAllTextAsync(FilePath, cancellationToken)).Trim();
            var known = link[(link.LastIndexOf('=') + 1)..];
            if (await IsValidAsync(known, cancellationToken))
            {
                return;
            }

            RemoveFile();
        }

        var token = SecretTokens.New("col");
        if (SecretFile.CreateIfMissing(FilePath, () => $"{settings.PortalUrl}/operator?token={token}\n"))
        {
            await RecordAsync(token, cancellationToken);
        }
    }

    private async Task RecordAsync(string token, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var command = sources.App.CreateCommand(
            "insert into cloud.one_time_links (hash, purpose, created_at, expires_at) values ($1, 'operator', $2, $3)");
        command.Parameters.AddWithValue(Admission.HashToken(token));
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(now + Life);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The operator's link waits for the database: {Reason}")]
    private static partial void LogUnreachable(ILogger logger, string reason);
}
