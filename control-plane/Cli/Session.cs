using System.CommandLine;
using Cloud.ApiClient;

namespace Cloud.Cli;

/// <summary>What a command works with: the client of the caller, and where results go.</summary>
internal sealed class Session : IDisposable
{
    private readonly HttpClient _http;
    private readonly Profile? _profile;

    private Session(HttpClient http, CloudClient client, Profile? profile, Output output)
    {
        _http = http;
        _profile = profile;
        Client = client;
        Output = output;
    }

    public CloudClient Client { get; }

    public Output Output { get; }

    /// <summary>From the environment (CLOUD_API_URL, CLOUD_CLIENT_ID, CLOUD_CLIENT_SECRET) if it names a client, else from the profile.</summary>
    public static Session Open(ParseResult parse)
    {
        var name = parse.GetValue(CommonOptions.Profile) ?? "default";
        var profiles = new Profiles();
        var profile = profiles.Find(name);
        var http = new HttpClient { BaseAddress = ApiUrl(profile), Timeout = TimeSpan.FromSeconds(100) };
        var (id, secret) = (Environment.GetEnvironmentVariable("CLOUD_CLIENT_ID"), Environment.GetEnvironmentVariable("CLOUD_CLIENT_SECRET"));
        ITokenSource tokens = !string.IsNullOrEmpty(id) && !string.IsNullOrEmpty(secret)
            ? new ClientCredentials(id, secret)
            : new ProfileToken(profiles, name, TimeProvider.System);
        return new Session(http, new CloudClient(http, tokens), profile, new Output(parse.GetValue(CommonOptions.Output)));
    }

    /// <summary>Where the API is: the environment, the profile, or this machine's.</summary>
    public static Uri ApiUrl(Profile? profile)
    {
        var text = Environment.GetEnvironmentVariable("CLOUD_API_URL") is { Length: > 0 } set ? set : profile?.ApiUrl ?? "http://127.0.0.1:7400";
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new CliException($"CLOUD_API_URL is '{text}', but must be an http or https URL.");
    }

    /// <summary>The organization named, or the only one there is.</summary>
    public async Task<string> OrganizationAsync(string? named, CancellationToken cancellationToken)
    {
        if (named is not null)
        {
            return named;
        }

        var page = (await Client.Organizations.ListOrganizationsAsync(pageSize: 2, cancellationToken: cancellationToken)).Value;
        return page.Items is [var only]
            ? only.Id
            : throw new CliException("You belong to several organizations. Remedy: name one with --organization.");
    }

    /// <summary>The project named by id, or by name, or of the profile, or <c>default</c>.</summary>
    public async Task<string> ProjectAsync(string? named, CancellationToken cancellationToken)
    {
        var wanted = named ?? Environment.GetEnvironmentVariable("CLOUD_PROJECT") ?? _profile?.Project ?? "default";
        if (wanted.StartsWith("prj_", StringComparison.Ordinal))
        {
            return wanted;
        }

        var found = new List<string>();
        await foreach (var organization in Client.Organizations.ListOrganizationsAllAsync(cancellationToken: cancellationToken))
        {
            var projects = Client.Organizations.ListProjectsAllAsync(
                organization.Id, filter: $"name = \"{wanted.Replace("\"", string.Empty)}\"", cancellationToken: cancellationToken);
            await foreach (var project in projects)
            {
                found.Add(project.Id);
            }
        }

        return found.Count switch
        {
            1 => found[0],
            0 => throw new CliException($"There is no project '{wanted}'. Remedy: cloudctl project list, then --project."),
            _ => throw new CliException($"Several projects are named '{wanted}'. Remedy: give its id with --project."),
        };
    }

    public void Dispose() => _http.Dispose();
}
