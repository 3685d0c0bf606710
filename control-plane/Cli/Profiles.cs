using System.Text;
using System.Text.Json;

namespace Cloud.Cli;

/// <summary>A saved sign-in.</summary>
internal sealed record Profile
{
    public required string ApiUrl { get; init; }

    /// <summary>Works once; null after logout.</summary>
    public string? RefreshToken { get; init; }

    public string? AccessToken { get; init; }

    public DateTimeOffset AccessTokenExpiresAt { get; init; }

    /// <summary>The project that commands use where none is named.</summary>
    public string? Project { get; init; }
}

/// <summary>
/// The profiles in <c>$XDG_CONFIG_HOME/cloudctl/profiles.json</c> (<c>~/.config</c> by default), readable by their owner alone.
/// Changes are made under a lock file and replace the file whole, since a refresh token that two commands use at once would end the
/// session.
/// </summary>
internal sealed class Profiles
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };
    private readonly string _file;

    public Profiles()
    {
        var configured = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME");
        var root = string.IsNullOrEmpty(configured)
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config")
            : configured;
        _file = Path.Combine(root, "cloudctl", "profiles.json");
    }

    public Profile? Find(string name) => Read().GetValueOrDefault(name);

    public void Save(string name, Profile profile)
    {
        var all = Read();
        all[name] = profile;
        var temporary = _file + ".new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(_file)!); // a file has a folder
        using (var stream = new FileStream(temporary, options))
        {
            stream.Write(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(all, Json)));
        }

        File.Move(temporary, _file, overwrite: true);
    }

    /// <summary>Waits until no other command changes the profiles; disposing lets the next one in.</summary>
    public async Task<IDisposable> LockAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_file)!); // a file has a folder
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return new FileStream(_file + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (attempt < 200)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
            }
        }
    }

    private Dictionary<string, Profile> Read()
    {
        if (!File.Exists(_file))
        {
            return [];
        }

        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, Profile>>(File.ReadAllText(_file), Json) ?? [];
        }
        catch (JsonException broken)
        {
            throw new CliException($"{_file} cannot be read ({broken.Message}). Remedy: delete it and log in again.");
        }
    }
}
