using Cloud.Kernel;
using Cloud.Modules.Platform.Data;

namespace Cloud.Modules.Catalog.Public;

/// <summary>What an organization holds of a quota.</summary>
internal sealed record QuotaUse(string Name, long Limit, long Used);

/// <summary>
/// Counts what organizations hold, in the caller's transaction. Scoped; not thread-safe.
/// </summary>
/// <remarks>
/// A reservation is one update that matches no row where the limit would be passed. It locks the row until the caller's transaction
/// ends, so that concurrent reservations of one organization take turns and the limit holds exactly. Rows are locked in the order of
/// <see cref="Quotas.All"/>, so that two callers never wait for each other.
/// </remarks>
internal sealed class QuotaLedger(CloudDbContext database, QuotaDefaults defaults)
{
    /// <summary>Takes the amounts, or none of them: on a failure the caller rolls back.</summary>
    /// <returns>What is held afterwards; or <see cref="CatalogErrorCodes.QuotaExceeded"/>, naming the quota.</returns>
    public async Task<Outcome<IReadOnlyList<QuotaUse>>> ReserveAsync(
        OrganizationId organization, IReadOnlyList<QuotaAmount> amounts, CancellationToken cancellationToken)
    {
        var uses = new List<QuotaUse>();
        foreach (var definition in Quotas.All)
        {
            var amount = amounts.Where(candidate => candidate.Name == definition.Name).Sum(candidate => candidate.Amount);
            if (amount <= 0)
            {
                continue;
            }

            var taken = await TakeAsync(organization, definition.Name, amount, cancellationToken);
            if (taken is null)
            {
                var held = await ReadAsync(organization, cancellationToken);
                var use = held.Single(candidate => candidate.Name == definition.Name);
                return new Failure(
                    CatalogErrorCodes.QuotaExceeded,
                    $"The organization holds {use.Used} of {use.Limit} {definition.Unit} and asks for {amount} more: "
                    + "delete what is not needed, or ask the operator for a higher limit.");
            }

            uses.Add(taken);
        }

        return uses;
    }

    /// <summary>Gives amounts back. The caller sees to it that each is given back once.</summary>
    public async Task ReleaseAsync(
        OrganizationId organization, IReadOnlyList<QuotaAmount> amounts, CancellationToken cancellationToken)
    {
        foreach (var definition in Quotas.All)
        {
            var amount = amounts.Where(candidate => candidate.Name == definition.Name).Sum(candidate => candidate.Amount);
            if (amount > 0)
            {
                await database.ExecuteSqlAsync(
                    "update cloud.quota_usages set used = used - @amount where organization_id = @organization and name = @name",
                    cancellationToken,
                    ("amount", amount),
                    ("organization", organization.Value),
                    ("name", definition.Name));
            }
        }
    }

    /// <summary>All quotas of an organization, in the order of <see cref="Quotas.All"/>.</summary>
    public async Task<IReadOnlyList<QuotaUse>> ReadAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        var stored = new Dictionary<string, (long Used, long? Limit)>(StringComparer.Ordinal);
        await using var command = database.Sql(
            "select name, used, limit_override from cloud.quota_usages where organization_id = @organization",
            ("organization", organization.Value));
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            var limit = await rows.GetFieldValueAsync<long?>(2, cancellationToken);
            stored[rows.GetString(0)] = (rows.GetInt64(1), limit);
        }

        return
        [
            .. Quotas.All.Select(definition =>
            {
                var (used, limit) = stored.GetValueOrDefault(definition.Name);
                return new QuotaUse(definition.Name, limit ?? defaults.LimitOf(definition), used);
            }),
        ];
    }

    private async Task<QuotaUse?> TakeAsync(
        OrganizationId organization, string name, long amount, CancellationToken cancellationToken)
    {
        await database.ExecuteSqlAsync(
            "insert into cloud.quota_usages (organization_id, name) values (@organization, @name) on conflict do nothing",
            cancellationToken,
            ("organization", organization.Value),
            ("name", name));
        await using var command = database.Sql(
            """
            update cloud.quota_usages set used = used + @amount
            where organization_id = @organization and name = @name and used + @amount <= coalesce(limit_override, @limit)
            returning used, coalesce(limit_override, @limit)
            """,
            ("amount", amount),
            ("organization", organization.Value),
            ("name", name),
            ("limit", defaults.LimitOf(Quotas.All.Single(definition => definition.Name == name))));
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        return await rows.ReadAsync(cancellationToken) ? new QuotaUse(name, rows.GetInt64(1), rows.GetInt64(0)) : null;
    }
}
