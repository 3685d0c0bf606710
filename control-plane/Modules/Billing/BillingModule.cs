using Cloud.Modules.Billing.Features;
using Cloud.Modules.Billing.Public;
using Cloud.Modules.Operations.Public;
using Cloud.Modules.Platform;
using Cloud.Modules.Platform.Messaging;

namespace Cloud.Modules.Billing;

/// <summary>Prices, rates and bills what was metered.</summary>
internal sealed class BillingModule : IModule
{
    public void AddServices(IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<IPriceBook, PriceBook>();
        services.AddScoped<BillReader>();
        services.AddSingleton<ExportFiles>();
        services.AddScoped<IOperationOwner, ExportOperationOwner>();
    }

    public void AddWorkers(IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<IReconciler, ExportReconciler>();
        services.AddSingleton<ISweep, ExportSweep>();
    }

    public void MapEndpoints(IEndpointRouteBuilder routes)
    {
        GetPrices.Map(routes);
        GetUsage.Map(routes);
        ListInvoices.Map(routes);
        GetInvoice.Map(routes);
        CreateBillingExport.Map(routes);
        ListBillingExports.Map(routes);
        GetBillingExport.Map(routes);
        DownloadBillingExport.Map(routes);
    }
}
