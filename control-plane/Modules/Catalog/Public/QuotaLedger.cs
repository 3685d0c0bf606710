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
/// their names, so that two callers never wait for each other.
/// </remarks>
internal sealed class QuotaLedger(CloudDbContext database, QuotaDefaults defaults)
{
    /// <summary>Takes the amounts, or none of them: on a failure the caller rolls back.</summary>
    /// <returns>What is held afterwards; or <see cref="CatalogErrorCodes.QuotaExceeded"/>, naming the quota.</returns>
    public async Task<Outcome<IReadOnlyList<QuotaUse>>> ReserveAsync(
        OrganizationId organization, IReadOnlyList<QuotaAmount> amounts, CancellationToken cancellationToken)
    {
        var wanted = Quotas.All
            .Select(definition => new QuotaAmount(
                definition.Name, amounts.Where(amount => amount.Name == definition.Name).Sum(amount => amount.Amount)))
            .Where(amount => amount.Amount > 0)
            .ToList();
        var taken = await TakeAsync(organization, wanted, cancellationToken);
        if (taken.Count == 0)
        {
            // Perhaps the organization's first reservation. Nothing was taken, so trying again cannot take twice.
            await MakeRowsAsync(organization, cancellationToken);
            taken = await TakeAsync(organization, wanted, cancellationToken);
        }

        return taken.Count == wanted.Count
            ? taken
            : await ExplainAsync(organization, wanted.First(amount => taken.All(use => use.Name != amount.Name)), cancellationToken);
    }

    /// <summary>Gives amounts back. The caller sees to it that each is given back once.</summary>
    public async Task ReleaseAsync(
        OrganizationId organization, IReadOnlyList<QuotaAmount> amounts, CancellationToken cancellationToken)
    {
        var given = amounts.Where(amount => amount.Amount > 0).ToList();
        await database.ExecuteSqlAsync(
            """
            with given as (
                select * from unnest(@names::text[], @amounts::bigint[]) as g (name, amount)
            ), locked as (
                select q.name, g.amount from cloud.quota_usages q join given g on g.name = q.name
                where q.organization_id = @organization order by q.name for update of q
            )
            update cloud.quota_usages q set used = q.used - l.amount from locked l
            where q.organization_id = @organization and q.name = l.name
            """,
            cancellationToken,
            ("names", given.Select(amount => amount.Name).ToArray()),
            ("amounts", given.Select(amount => amount.Amount).ToArray()),
            ("organization", organization.Value));
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

    private async Task<List<QuotaUse>> TakeAsync(
        OrganizationId organization, IReadOnlyList<QuotaAmount> wanted, CancellationToken cancellationToken)
    {
        await using var command = database.Sql(
            """
            with wanted as (
                select * from unnest(@names::text[], @amounts::bigint[], @limits::bigint[]) as w (name, amount, default_limit)
            ), locked as (
                select q.name, w.amount, coalesce(q.limit_override, w.default_limit) as quota_limit
                from cloud.quota_usages q join wanted w on w.name = q.name
                where q.organization_id = @organization order by q.name for update of q
            )
            update cloud.quota_usages q set used = q.used + l.amount from locked l
            where q.organization_id = @organization and q.name = l.name and q.used + l.amount <= l.quota_limit
            returning q.name, l.quota_limit, q.used
            """,
            ("names", wanted.Select(amount => amount.Name).ToArray()),
            ("amounts", wanted.Select(amount => amount.Amount).ToArray()),
            ("limits", wanted.Select(amount => LimitOf(amount.Name)).ToArray()),
            ("organization", organization.Value));
        var uses = new List<QuotaUse>();
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            uses.Add(new QuotaUse(rows.GetString(0), rows.GetInt64(1), rows.GetInt64(2)));
        }

        return uses;
    }

    /// <summary>Waits for whoever makes the same rows at this moment.</summary>
    private Task<int> MakeRowsAsync(OrganizationId organization, CancellationToken cancellationToken) =>
        database.ExecuteSqlAsync(
            """
            insert into cloud.quota_usages (organization_id, name) select @organization, unnest(@names::text[])
            on conflict do nothing
            """,
            cancellationToken,
            ("organization", organization.Value),
            ("names", Quotas.All.Select(definition => definition.Name).ToArray()));

    private async Task<Failure> ExplainAsync(
        OrganizationId organization, QuotaAmount refused, CancellationToken cancellationToken)
    {
        var use = (await ReadAsync(organization, cancellationToken)).Single(candidate => candidate.Name == refused.Name);
        var unit = Quotas.All.Single(definition => definition.Name == refused.Name).Unit;
        return new Failure(
            CatalogErrorCodes.QuotaExceeded,
            $"The organization holds {use.Used} of {use.Limit} {unit} and asks for {refused.Amount} more: "
            + "delete what is not needed, or ask the operator for a higher limit.");
    }

    private long LimitOf(string name) => defaults.LimitOf(Quotas.All.Single(definition => definition.Name == name));
}
