using System.Diagnostics;
using System.Net;
using Cloud.Modules.Platform;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Health;
using Cloud.Modules.Platform.Http;
using Cloud.Modules.Platform.OpenApi;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Cloud.Host;

/// <summary>Builds the host process: which modules, which listeners, which middleware in which order.</summary>
internal static class CloudHost
{
    /// <summary>Makes the application, not started. Settings come from <c>CLOUD_*</c> variables, overridden by <paramref name="overrides"/>.</summary>
    /// <exception cref="InvalidOperationException">A setting cannot be used; the message names it.</exception>
    public static WebApplication Build(
        IReadOnlyDictionary<string, string?>? overrides = null,
        Action<IServiceCollection>? configureServices = null)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = "cloud-host" });
        builder.Configuration.AddEnvironmentVariables();
        if (overrides is not null)
        {
            builder.Configuration.AddInMemoryCollection(overrides);
        }

        var settings = CloudSettings.From(builder.Configuration);
        Activity.DefaultIdFormat = ActivityIdFormat.W3C;
        ConfigureLogging(builder);
        Telemetry.Add(builder);
        ConfigureListeners(builder, settings);
        AddModules(builder, settings);
        configureServices?.Invoke(builder.Services);
        var app = builder.Build();
        Configure(app, settings);
        return app;
    }

    /// <summary>Where a started application listens, in the order API, agents.</summary>
    public static (Uri Api, Uri Agents) Addresses(WebApplication app)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses; // Kestrel sets it
        return (new Uri(addresses.First()), new Uri(addresses.Last()));
    }

    private static void ConfigureLogging(WebApplicationBuilder builder)
    {
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(options =>
        {
            options.SingleLine = true;
            options.UseUtcTimestamp = true;
            options.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
        });
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        // What fails there is thrown as well, and logged once by whoever consumes the exception.
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore", LogLevel.None);
        builder.Logging.AddFilter("Npgsql", LogLevel.None);
        builder.Logging.AddFilter("MassTransit", LogLevel.Warning);
    }

    private static void ConfigureListeners(WebApplicationBuilder builder, CloudSettings settings)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = RequestBody.DrainedBytesMax;
            kestrel.Limits.MaxRequestHeadersTotalSize = 32 * 1024;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
            kestrel.Listen(settings.BindAddress, settings.ApiPort);
            kestrel.Listen(settings.BindAddress, settings.AgentPort, AgentListener.Tag);
        });
    }

    private static void AddModules(WebApplicationBuilder builder, CloudSettings settings)
    {
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(new ErrorRegistry(ModuleList.All.SelectMany(module => module.Errors)));
        foreach (var module in ModuleList.All)
        {
            module.AddServices(builder.Services, builder.Configuration);
            if (settings.IsWorker)
            {
                module.AddWorkers(builder.Services, builder.Configuration);
            }
        }
    }

    private static void Configure(WebApplication app, CloudSettings settings)
    {
        app.MapWhen(AgentListener.IsTagged, branch =>
        {
            branch.UseWebSockets();
            branch.UseRouting();
            branch.UseEndpoints(routes =>
            {
                foreach (var module in ModuleList.All)
                {
                    module.MapAgentEndpoints(routes);
                }
            });
        });

        UseForwardedHeaders(app, settings);
        app.UseMiddleware<RequestIdMiddleware>();
        app.UseMiddleware<FaultMiddleware>();
        app.UseMiddleware<HeadMiddleware>();
        app.UseRouting();
        app.UseMiddleware<ApiPipeline>();
        HealthEndpoints.Map(app);
        if (settings.IsApi)
        {
            MapApi(app);
        }
    }

    /// <summary>Throttling and audit are about the caller's address, not about that of the portal or of a proxy before us.</summary>
    private static void UseForwardedHeaders(WebApplication app, CloudSettings settings)
    {
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto };
        foreach (var proxy in settings.TrustedProxies)
        {
            options.KnownProxies.Add(proxy);
        }

        app.UseForwardedHeaders(options);
    }

    private static void MapApi(WebApplication app)
    {
        var api = app.MapGroup(string.Empty).AddEndpointFilterFactory(ValidationFilter.Create);
        foreach (var module in ModuleList.All)
        {
            module.MapEndpoints(api);
        }

        api.MapGet("/openapi/v1.json", () => Results.Text(OpenApi(app), "application/json"))
            .Infrastructure("describes the API; the same for everybody");
        EndpointCheck.Require(EndpointsOf(app), app.Services.GetRequiredService<ErrorRegistry>());
    }

    /// <summary>The OpenAPI document of the application; it need not be started.</summary>
    public static string OpenApi(WebApplication app) =>
        OpenApiDocument.Write(EndpointsOf(app), app.Services.GetRequiredService<ErrorRegistry>());

    /// <summary>Every endpoint of the API port.</summary>
    public static IEnumerable<Endpoint> EndpointsOf(WebApplication app) =>
        ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints);
}

/// <summary>Tells the connections of the agent port from those of the API port.</summary>
internal static class AgentListener
{
    public static void Tag(ListenOptions listener) => listener.Use(next => connection =>
    {
        connection.Features.Set(Mark.Instance);
        return next(connection);
    });

    public static bool IsTagged(HttpContext http) => http.Features.Get<Mark>() is not null;

    private sealed class Mark
    {
        public static readonly Mark Instance = new();
    }
}
