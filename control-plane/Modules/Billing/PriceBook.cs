using Cloud.Modules.Billing.Public;
using Cloud.Modules.Platform.Data;

namespace Cloud.Modules.Billing;

/// <summary>Price lists from memory, read again once they are a minute old. Thread-safe.</summary>
internal sealed class PriceBook(CloudDataSources sources, TimeProvider time) : IPriceBook
{
    private static readonly TimeSpan AgeMax = TimeSpan.FromMinutes(1);

    private const string Select = """
        select l.version, l.currency, l.effective_from, p.sku, p.unit, p.per_unit
        from cloud.price_lists l join cloud.prices p using (version)
        order by l.effective_from, p.sku
        """;

    private volatile Snapshot? _snapshot;

    public async ValueTask<PriceList> InForceAsync(DateTimeOffset at, CancellationToken cancellationToken) =>
        Domain.Rating.InForce(await AllAsync(cancellationToken), at);

    public async ValueTask<IReadOnlyList<PriceList>> AllAsync(CancellationToken cancellationToken)
    {
        var snapshot = _snapshot;
        if (snapshot is null || time.GetElapsedTime(snapshot.ReadAt) > AgeMax)
        {
            snapshot = new Snapshot(await ReadAsync(cancellationToken), time.GetTimestamp());
            _snapshot = snapshot;
        }

        return snapshot.Lists;
    }

    private async Task<IReadOnlyList<PriceList>> ReadAsync(CancellationToken cancellationToken)
    {
        var lists = new List<PriceList>();
        var prices = new Dictionary<string, Price>(StringComparer.Ordinal);
        await using var command = sources.App.CreateCommand(Select);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            var version = row.GetInt32(0);
            if (lists.Count == 0 || lists[^1].Version != version)
            {
                prices = new Dictionary<string, Price>(StringComparer.Ordinal);
                lists.Add(new PriceList(version, row.GetString(1), new DateTimeOffset(row.GetDateTime(2)), prices));
            }

            var price = new Price(row.GetString(3), row.GetString(4), row.GetDecimal(5));
            prices.Add(price.Sku, price);
        }

        Kernel.Invariant.Require(lists.Count > 0, "the migrations bring the first price list");
        return lists;
    }

    private sealed record Snapshot(IReadOnlyList<PriceList> Lists, long ReadAt);
}
