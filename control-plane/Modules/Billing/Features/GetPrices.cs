using Cloud.Modules.Billing.Domain;
using Cloud.Modules.Billing.Public;
using Cloud.Modules.Metering.Public;
using Cloud.Modules.Platform.Http;

namespace Cloud.Modules.Billing.Features;

/// <summary>One line of the price list.</summary>
/// <param name="PerUnit">Price of one unit, at most 12 decimal places.</param>
internal sealed record PriceReply(string Sku, string Meter, string Unit, Money PerUnit);

/// <param name="EffectiveTo">Exclusive; null while no later version is known.</param>
internal sealed record PriceVersionReply(int Version, string Currency, DateTimeOffset EffectiveFrom, DateTimeOffset? EffectiveTo);

/// <summary>The price list in force.</summary>
/// <param name="RequestUnitFormula">Version of the formula behind request units.</param>
/// <param name="Versions">All versions, oldest first, announced ones too.</param>
internal sealed record PricesReply(
    int Version,
    string Currency,
    DateTimeOffset EffectiveFrom,
    int RequestUnitFormula,
    IReadOnlyList<PriceReply> Items,
    IReadOnlyList<PriceVersionReply> Versions);

/// <summary><c>GET /v1/prices</c></summary>
internal static class GetPrices
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/prices", HandleAsync)
        .PublicQuery("prices are the same for everybody and shown before people sign up");

    private static async Task<Reply<PricesReply>> HandleAsync(
        IPriceBook book, TimeProvider time, CancellationToken cancellationToken)
    {
        var lists = await book.AllAsync(cancellationToken);
        var current = Rating.InForce(lists, time.GetUtcNow());
        return Reply.Ok(new PricesReply(
            current.Version,
            current.Currency,
            current.EffectiveFrom,
            RequestUnits.Version,
            [
                .. current.Prices.Values.OrderBy(price => price.Sku, StringComparer.Ordinal).Select(price => new PriceReply(
                    price.Sku, Skus.MeterOf(price.Sku), price.Unit, new Money(price.PerUnit, current.Currency))),
            ],
            [
                .. lists.Select((list, i) => new PriceVersionReply(
                    list.Version, list.Currency, list.EffectiveFrom, i + 1 < lists.Count ? lists[i + 1].EffectiveFrom : null)),
            ]));
    }
}
