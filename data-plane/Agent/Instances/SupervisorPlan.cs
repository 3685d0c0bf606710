using Cloud.Contracts;

namespace Cloud.Agent.Instances;

/// <summary>What a supervisor does next.</summary>
internal enum SupervisorStep
{
    /// <summary>Wish and fact agree, or time must pass.</summary>
    Rest,
    Start,
    WriteConfig,

    /// <summary>Read the last usage and send SIGTERM.</summary>
    Stop,

    /// <summary>The drain limit is over: SIGKILL.</summary>
    Kill,

    /// <summary>Delete the folder.</summary>
    Remove,
}

/// <summary>What is known of an instance when the next step is chosen.</summary>
internal sealed record SupervisorFacts
{
    /// <summary>The spec the living process was started with; null when no process lives.</summary>
    public InstanceSpec? Started { get; init; }

    /// <summary>What the configuration file says; null when it was never written.</summary>
    public NodeConfig? Written { get; init; }

    public bool FolderExists { get; init; }

    /// <summary>When SIGTERM was sent to the living process; null when it was not.</summary>
    public DateTimeOffset? StoppingSince { get; init; }

    /// <summary>No start before this; null when nothing holds it back.</summary>
    public DateTimeOffset? StartNotBefore { get; init; }
}

/// <summary>The decisions of a supervisor: pure, so that from every fact the way to every wish can be tested.</summary>
internal static class SupervisorPlan
{
    public static SupervisorStep Next(InstanceSpec wish, SupervisorFacts facts, TimeSpan drainMax, DateTimeOffset now)
    {
        if (facts.Started is not { } started)
        {
            return WithoutProcess(wish, facts, now);
        }

        if (facts.StoppingSince is { } since)
        {
            return now - since >= drainMax ? SupervisorStep.Kill : SupervisorStep.Rest;
        }

        if (wish.State != DesiredInstanceState.Running || SpecChange.NeedsRestart(started, wish))
        {
            return SupervisorStep.Stop;
        }

        return facts.Written is null || SpecChange.NeedsConfig(facts.Written, wish.Config)
            ? SupervisorStep.WriteConfig
            : SupervisorStep.Rest;
    }

    private static SupervisorStep WithoutProcess(InstanceSpec wish, SupervisorFacts facts, DateTimeOffset now) => wish.State switch
    {
        DesiredInstanceState.Removed => facts.FolderExists ? SupervisorStep.Remove : SupervisorStep.Rest,
        DesiredInstanceState.Stopped => SupervisorStep.Rest,
        _ => facts.StartNotBefore is { } time && now < time ? SupervisorStep.Rest : SupervisorStep.Start,
    };
}
