using Cloud.Modules.Billing.Features;
using Cloud.Modules.Billing.Public;
using Cloud.Modules.Platform;

namespace Cloud.Modules.Billing;

/// <summary>Prices, rates and bills what was metered.</summary>
internal sealed class BillingModule : IModule
{
    public void AddServices(IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<IPriceBook, PriceBook>();
        services.AddScoped<BillReader>();
    }

    public void MapEndpoints(IEndpointRouteBuilder routes)
    {
        GetPrices.Map(routes);
        GetUsage.Map(routes);
        ListInvoices.Map(routes);
        GetInvoice.Map(routes);
    }
}
