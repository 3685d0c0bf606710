using Cloud.Contracts;
using Cloud.Modules.Billing.Public;
using Cloud.Modules.Catalog.Public;
using Cloud.Modules.Platform.Http;

namespace Cloud.Modules.Catalog.Features;

/// <summary>A size and what it costs now.</summary>
internal sealed record SizeReply(string Id, InstanceRole Role, int Vcpu, int MemoryGiB, Money PricePerHour);

/// <summary><c>GET /v1/sizes</c>: the sizes for sale, smallest first within a role.</summary>
internal static class ListSizes
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/sizes", HandleAsync)
            .SignedIn(EndpointClass.Query, "what the cloud offers is the same for everybody");

    private static async Task<Reply<WholeList<SizeReply>>> HandleAsync(
        IPriceBook prices, TimeProvider time, CancellationToken cancellationToken)
    {
        var list = await prices.InForceAsync(time.GetUtcNow(), cancellationToken);
        return Reply.Ok(new WholeList<SizeReply>(
        [
            .. from size in InstanceSizes.All
               let price = list.OfInstance(size.Role, size.Id)
               where price is not null
               select new SizeReply(size.Id, size.Role, size.Vcpu, size.MemoryGiB, price.Value),
        ]));
    }
}
