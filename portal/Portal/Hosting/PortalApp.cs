using Cloud.Portal.Api;
using Cloud.Portal.Components;
using Cloud.Portal.Session;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Cloud.Portal.Hosting;

/// <summary>Composes the console: listener, cookies, key ring, pages.</summary>
internal static class PortalApp
{
    /// <summary>Forms are small; anything larger is not from our pages.</summary>
    private const long FormBytesMax = 64 * 1024;

    /// <summary>A circuit of someone who closed the lid is let go early: the page reloads from its URL when they return.</summary>
    private static readonly TimeSpan CircuitRetention = TimeSpan.FromMinutes(1);

    private const int RetainedCircuitsMax = 200;

    /// <summary>A browser hands back the data of the first rendering in one message; a full page of clusters takes about 60 KiB.</summary>
    private const long MessageBytesMax = 256 * 1024;

    public static WebApplication Build(PortalSettings settings)
    {
        // Content lies beside the executable, wherever it is started from.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            ContentRootPath = AppContext.BaseDirectory,
            ApplicationName = "cloud-portal",
        });
        builder.WebHost.UseStaticWebAssets();
        builder.WebHost.ConfigureKestrel(kestrel => ConfigureListener(kestrel, settings));
        builder.Logging.ClearProviders().AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
        });
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("System.Net.Http", LogLevel.Warning);

        // It warns of every page with a form that it keeps the page out of caches, which is what we want.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Antiforgery", LogLevel.Error);

        // The key ring is protected by its folder's mode, as the other secrets of CLOUD_HOME are.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection.KeyManagement.XmlKeyManager", LogLevel.Error);

        AddServices(builder.Services, settings);
        var app = builder.Build();
        MapPipeline(app, settings);
        return app;
    }

    private static void ConfigureListener(KestrelServerOptions kestrel, PortalSettings settings)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = FormBytesMax;
        kestrel.ListenLocalhost(settings.Port);
    }

    private static void AddServices(IServiceCollection services, PortalSettings settings)
    {
        Directory.CreateDirectory(settings.KeyRing);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(settings.KeyRing, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        services.AddSingleton(settings);
        services.AddSingleton(TimeProvider.System);
        services.AddDataProtection()
            .SetApplicationName($"cloud-portal/{settings.InstanceId}")
            .PersistKeysToFileSystem(new DirectoryInfo(settings.KeyRing));
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie.Name = settings.CookieName("forgery");
            antiforgery.Cookie.HttpOnly = true;
            antiforgery.Cookie.SameSite = SameSiteMode.Lax;
            antiforgery.Cookie.SecurePolicy = settings.IsSecure ? CookieSecurePolicy.Always : CookieSecurePolicy.None;
            antiforgery.SuppressXFrameOptionsHeader = true;
        });
        services.AddPortalSession(settings);
        services.AddCloudApi(settings);
        services.AddSingleton<PortalMetrics>();
        services.AddRazorComponents().AddInteractiveServerComponents(circuits =>
        {
            circuits.DisconnectedCircuitRetentionPeriod = CircuitRetention;
            circuits.DisconnectedCircuitMaxRetained = RetainedCircuitsMax;
        }).AddHubOptions(hub => hub.MaximumReceiveMessageSize = MessageBytesMax);
        services.AddScoped<Microsoft.AspNetCore.Components.Server.Circuits.CircuitHandler, CircuitCounter>();
    }

    private static void MapPipeline(WebApplication app, PortalSettings settings)
    {
        app.UseSecurityHeaders(settings);
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandlingPath = "/error",
            CreateScopeForErrors = true,
            StatusCodeSelector = static e => e is Microsoft.AspNetCore.Http.BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status500InternalServerError,
        });
        app.UseStatusCodePagesWithReExecute("/not-found", createScopeForStatusCodePages: true);
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseAntiforgery();
        app.MapStaticAssets();
        app.MapHealth();
        app.MapSessionEndpoints();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(server =>
            server.ContentSecurityFrameAncestorsPolicy = null); // Our own policy forbids all framing.
    }
}
