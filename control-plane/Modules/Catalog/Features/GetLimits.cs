using Cloud.Kernel;
using Cloud.Modules.Catalog.Public;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Http;

namespace Cloud.Modules.Catalog.Features;

/// <summary>A limit that holds for an organization.</summary>
/// <param name="Used">What the organization named in the query holds; null without one.</param>
internal sealed record LimitReply(string Name, string Unit, string Description, long Limit, long? Used);

/// <summary>
/// <c>GET /v1/limits?organization=</c>: how much an organization may hold at once; without an organization, the defaults.
/// </summary>
internal static class GetLimits
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/limits", HandleAsync).Query(Permissions.QuotasRead).ScopedByQuery("organization");

    private static async Task<Reply<WholeList<LimitReply>>> HandleAsync(
        OrganizationId? organization, QuotaLedger ledger, QuotaDefaults defaults, CancellationToken cancellationToken)
    {
        if (organization is not { } id)
        {
            return Reply.Ok(new WholeList<LimitReply>(
            [
                .. Quotas.All.Select(quota => new LimitReply(
                    quota.Name, quota.Unit, quota.Description, defaults.LimitOf(quota), null)),
            ]));
        }

        var uses = await ledger.ReadAsync(id, cancellationToken);
        return Reply.Ok(new WholeList<LimitReply>(
        [
            .. Quotas.All.Zip(uses, (quota, use) => new LimitReply(
                quota.Name, quota.Unit, quota.Description, use.Limit, use.Used)),
        ]));
    }
}
