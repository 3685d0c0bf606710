using System.Text.Json;
using Cloud.Contracts;

namespace Cloud.Agent.Instances;

/// <summary>What a change of a spec asks of the running process.</summary>
internal static class SpecChange
{
    /// <summary>Whether the process must be started anew: anything but SQL users and the allow list, which it re-reads by itself.</summary>
    public static bool NeedsRestart(InstanceSpec started, InstanceSpec wished) =>
        wished.RestartGeneration > started.RestartGeneration
        || wished.Version != started.Version
        || wished.Limits != started.Limits
        || Text(Cold(wished.Config)) != Text(Cold(started.Config));

    /// <summary>Whether the configuration file is out of date.</summary>
    public static bool NeedsConfig(NodeConfig written, NodeConfig wished) => Text(written) != Text(wished);

    private static NodeConfig Cold(NodeConfig config) => config with { SqlUsers = [], AllowList = [], Extra = null };

    private static string Text(NodeConfig config) => JsonSerializer.Serialize(config, AgentProtocol.Json);
}
