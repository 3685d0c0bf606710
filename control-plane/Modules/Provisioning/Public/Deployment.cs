using Cloud.Contracts;
using Cloud.Kernel;

namespace Cloud.Modules.Provisioning.Public;

/// <summary>A cluster's newest blueprint and what is known of its instances.</summary>
/// <param name="Instances">As <see cref="Blueprint.Instances"/>, in the same order.</param>
internal sealed record Deployment(Blueprint Blueprint, IReadOnlyList<DeployedInstance> Instances);

/// <summary>One instance of a <see cref="Deployment"/>.</summary>
/// <param name="Observed">The agent's last word; null before the first.</param>
/// <param name="Current">Whether that word was said in knowledge of the newest wish, with its blueprint in effect.</param>
/// <param name="FirstReadyAt">When it was ready for the first time; null before.</param>
/// <param name="HostSilent">Whether nothing has been heard of the host's agent for a while.</param>
internal sealed record DeployedInstance(
    BlueprintInstance Instance, InstanceStatus? Observed, bool Current, DateTimeOffset? FirstReadyAt, bool HostSilent);
