using Cloud.Modules.Platform.Access;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Health;
using Cloud.Modules.Platform.Http;
using Cloud.Modules.Platform.Mail;
using Cloud.Modules.Platform.Paging;
using Cloud.Modules.Platform.Secrets;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Platform;

/// <summary>What all other modules stand on: database, tenancy, the request pipeline, errors, secrets, health.</summary>
internal sealed class PlatformModule : IModule
{
    public IReadOnlyList<ErrorDefinition> Errors => PlatformErrors.All;

    public void AddServices(IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(CloudSettings.From(configuration));
        AddDatabase(services);
        services.AddSingleton<ProblemWriter>();
        services.AddSingleton<RequestLimits>();
        services.AddSingleton<MasterKeys>();
        services.AddSingleton<ISecretSealer, SecretSealer>();
        services.AddSingleton<MetricsText>();
        services.AddScoped<Admission>();
        services.AddScoped<AdmissionGate>();
        services.AddScoped<ApiCall>();
        services.AddScoped<IdempotencyStore>();
        services.AddScoped<QueryRunner>();
        services.AddScoped<MutationRunner>();
        services.AddHttpContextAccessor();
        services.AddSingleton<PageTokens>();
        services.AddScoped<Lister>();
        services.AddSingleton<IMailer, FolderMailer>();
        services.ConfigureHttpJsonOptions(options => ApiJson.Configure(options.SerializerOptions));
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        ValidationFilter.AddValidators(services);
    }

    public void AddWorkers(IServiceCollection services, IConfiguration configuration) =>
        services.AddHostedService<IdempotencySweeper>();

    public void MapEndpoints(IEndpointRouteBuilder routes)
    {
    }

    private static void AddDatabase(IServiceCollection services)
    {
        services.AddSingleton<CloudDataSources>();
        services.AddSingleton<CloudDbContextOptions>();
        services.AddSingleton<DatabaseBreaker>();
        services.AddSingleton<MigrationRunner>();
        services.AddSingleton<SchemaState>();
        services.AddHostedService<SchemaMigrator>();
        services.AddScoped<TenantScope>();
        services.AddScoped<TenantTransaction>();
        services.AddScoped(scope => new CloudDbContext(
            scope.GetRequiredService<CloudDbContextOptions>().For(scope.GetRequiredService<TenantScope>().Role),
            scope.GetRequiredService<TenantScope>()));
    }
}

/// <summary>The context's options, made once per role.</summary>
internal sealed class CloudDbContextOptions(CloudDataSources sources, ILoggerFactory loggers)
{
    private readonly Lazy<DbContextOptions<CloudDbContext>> _app = new(() => Create(sources, DatabaseRole.App, loggers));
    private readonly Lazy<DbContextOptions<CloudDbContext>> _worker = new(() => Create(sources, DatabaseRole.Worker, loggers));

    public DbContextOptions<CloudDbContext> For(DatabaseRole role) => role == DatabaseRole.Worker ? _worker.Value : _app.Value;

    private static DbContextOptions<CloudDbContext> Create(CloudDataSources sources, DatabaseRole role, ILoggerFactory loggers) =>
        new DbContextOptionsBuilder<CloudDbContext>()
            .UseNpgsql(sources.For(role))
            .UseLoggerFactory(loggers)
            .Options;
}
