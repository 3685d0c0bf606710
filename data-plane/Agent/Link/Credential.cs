using Cloud.Agent.Host;
using Cloud.Kernel;

namespace Cloud.Agent.Link;

/// <summary>Who this host is to the control plane: an id and a secret, given once at the join, kept in the agent's home.</summary>
internal sealed class Credential(AgentHome home, string? joinTokenFile)
{
    public HostId? HostId { get; private set; } = AtomicFile.ReadJson<AgentFile>(home.AgentFile)?.HostId;

    public int? UsageWindowSeconds { get; private set; } = AtomicFile.ReadJson<AgentFile>(home.AgentFile)?.UsageWindowSeconds;

    /// <summary>The host's credential, or else the join token, read anew each time; fails with the remedy where there is neither.</summary>
    public Outcome<string> Bearer()
    {
        if (File.Exists(home.CredentialFile))
        {
            return File.ReadAllText(home.CredentialFile).Trim();
        }

        if (joinTokenFile is null)
        {
            return new Failure("no-join-token", "This host has not joined yet: give --join-token-file.");
        }

        return File.Exists(joinTokenFile)
            ? File.ReadAllText(joinTokenFile).Trim()
            : new Failure("no-join-token", $"There is no join token at {joinTokenFile} yet.");
    }

    /// <summary>Keeps what the welcome says; the secret first, so that an id without a secret cannot be left behind.</summary>
    public void Keep(HostId hostId, string? secret, int usageWindowSeconds)
    {
        if (secret is not null)
        {
            AtomicFile.Write(home.CredentialFile, System.Text.Encoding.UTF8.GetBytes(secret));
        }

        if (HostId != hostId || UsageWindowSeconds != usageWindowSeconds)
        {
            AtomicFile.WriteJson(
                home.AgentFile, new AgentFile { HostId = hostId, UsageWindowSeconds = usageWindowSeconds });
            HostId = hostId;
            UsageWindowSeconds = usageWindowSeconds;
        }
    }

    private sealed record AgentFile
    {
        public int SchemaVersion { get; init; } = 1;

        public required HostId HostId { get; init; }

        public required int UsageWindowSeconds { get; init; }
    }
}
