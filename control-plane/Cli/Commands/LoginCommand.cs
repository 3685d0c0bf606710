using System.CommandLine;
using System.Text;
using Cloud.ApiClient;

namespace Cloud.Cli.Commands;

/// <summary><c>cloudctl login</c> and <c>logout</c>.</summary>
internal static class LoginCommand
{
    public static Command Create()
    {
        var email = new Option<string?>("--email") { Description = "Your address; asked for when absent." };
        var fromInput = new Option<bool>("--password-stdin") { Description = "Read the password from standard input." };
        var project = new Option<string?>("--project") { Description = "The project that commands use from now on." };
        var command = new Command("login", "Sign in and keep the session in a profile.") { email, fromInput, project };
        command.SetAction((parse, cancellationToken) => RunAsync(
            parse, parse.GetValue(email), parse.GetValue(fromInput), parse.GetValue(project), cancellationToken));
        return command;
    }

    public static Command CreateLogout()
    {
        var command = new Command("logout", "End the session of the profile.");
        command.SetAction(async (parse, cancellationToken) =>
        {
            var profiles = new Profiles();
            var name = parse.GetValue(CommonOptions.Profile)!; // has a default
            if (profiles.Find(name) is { RefreshToken: not null } profile)
            {
                using var session = Session.Open(parse);
                var form = new Dictionary<string, string>(StringComparer.Ordinal) { ["token"] = profile.RefreshToken };
                await session.Client.Identity.RevokeTokenAsync(form, cancellationToken: cancellationToken);
                profiles.Save(name, profile with { RefreshToken = null, AccessToken = null });
            }

            return 0;
        });
        return command;
    }

    private static async Task<int> RunAsync(
        ParseResult parse,
        string? email,
        bool fromInput,
        string? project,
        CancellationToken cancellationToken)
    {
        var profiles = new Profiles();
        var name = parse.GetValue(CommonOptions.Profile)!; // has a default
        var api = Session.ApiUrl(profiles.Find(name));
        var request = new CreateSessionRequest { Email = email ?? Ask("E-mail: "), Password = fromInput ? ReadLine() : AskHidden("Password: ") };
        using var http = new HttpClient { BaseAddress = api };
        var tokens = (await new CloudClient(http).Identity.CreateSessionAsync(request, cancellationToken: cancellationToken)).Value;
        using (await profiles.LockAsync(cancellationToken))
        {
            profiles.Save(name, new Profile
            {
                ApiUrl = api.ToString().TrimEnd('/'),
                AccessToken = tokens.AccessToken,
                RefreshToken = tokens.RefreshToken,
                AccessTokenExpiresAt = TimeProvider.System.GetUtcNow().AddSeconds(tokens.ExpiresIn),
                Project = project ?? profiles.Find(name)?.Project,
            });
        }

        Output.Say($"Signed in at {api} as {request.Email}.");
        return 0;
    }

    private static string Ask(string question)
    {
        Console.Error.Write(question);
        return ReadLine();
    }

    private static string ReadLine() =>
        Console.In.ReadLine() ?? throw new CliException("Standard input ended before there was an answer.");

    private static string AskHidden(string question)
    {
        if (Console.IsInputRedirected)
        {
            throw new CliException("There is no terminal to ask for the password. Remedy: --password-stdin.");
        }

        Console.Error.Write(question);
        var password = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
            {
                password.Length = Math.Max(0, password.Length - 1);
            }
            else if (!char.IsControl(key.KeyChar))
            {
                password.Append(key.KeyChar);
            }
        }

        Console.Error.WriteLine();
        return password.ToString();
    }
}
