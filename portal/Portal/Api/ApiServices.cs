using Cloud.Portal.Hosting;

namespace Cloud.Portal.Api;

/// <summary>Registers the clients of the REST API.</summary>
internal static class ApiServices
{
    /// <summary>Above the longest long poll (30 s) that the console asks for.</summary>
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(40);

    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(2);

    private const long AnswerBytesMax = 8 * 1024 * 1024;

    public static void AddCloudApi(this IServiceCollection services, PortalSettings settings)
    {
        services.AddHttpClient(ApiGuard.ClientName, client =>
            {
                client.BaseAddress = settings.ApiUrl;
                client.Timeout = AnswerWithin;
                client.MaxResponseContentBufferSize = AnswerBytesMax;
                client.DefaultRequestHeaders.UserAgent.ParseAdd("cloud-portal");
            })
            .UseSocketsHttpHandler((handler, _) =>
            {
                handler.ConnectTimeout = ConnectWithin;
                handler.PooledConnectionLifetime = TimeSpan.FromMinutes(5);
                handler.AllowAutoRedirect = false;
            });
        services.AddSingleton<ApiGuard>();
        services.AddSingleton<TokenClient>();
        services.AddHttpContextAccessor();
        services.AddScoped<CurrentSession>();
        services.AddScoped<CloudApi>();
        services.AddScoped<AccountCalls>();
        services.AddScoped<ClusterCalls>();
        services.AddScoped<BillingCalls>();
    }
}
