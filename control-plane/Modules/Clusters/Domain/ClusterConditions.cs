using System.Text.Json.Serialization;
using Cloud.Contracts;

namespace Cloud.Modules.Clusters.Domain;

/// <summary>How much a condition matters while it does not hold.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ConditionSeverity>))]
internal enum ConditionSeverity
{
    [JsonStringEnumMemberName("info")]
    Info,

    [JsonStringEnumMemberName("warning")]
    Warning,

    [JsonStringEnumMemberName("error")]
    Error,
}

/// <summary>One thing that is known about a cluster, for people and programs.</summary>
/// <param name="Type">Unique within the cluster, for example <c>Ready</c>.</param>
/// <param name="Status">Whether it holds.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Reason">One stable word.</param>
/// <param name="Message">One sentence, with a remedy where there is one.</param>
/// <param name="Since">When status or reason last changed.</param>
internal sealed record ClusterCondition(
    string Type, bool Status, ConditionSeverity Severity, string Reason, string Message, DateTimeOffset Since);

/// <summary>Derives a cluster's conditions. Pure.</summary>
internal static class ClusterConditions
{
    public const string Ready = "Ready";
    public const string AgentReachable = "AgentReachable";
    public const string DataProtected = "DataProtected";

    /// <summary>The conditions that hold now; <see cref="ClusterCondition.Since"/> is kept where nothing changed.</summary>
    /// <param name="obstacle">Why the planned step could not be done; null when nothing stood in its way.</param>
    public static IReadOnlyList<ClusterCondition> Of(
        ClusterView view,
        ClusterPlan plan,
        (string Code, string Detail)? obstacle,
        IReadOnlyList<ClusterCondition> previous,
        DateTimeOffset now)
    {
        ClusterCondition[] current =
        [
            ReadyOf(view, plan, obstacle, now),
            AgentReachableOf(view, now),
            new(
                DataProtected,
                false,
                ConditionSeverity.Warning,
                "OneReplicaNoBackup",
                "One replica, no backup: the data is lost with its host's disk. Keep a dump of what you cannot lose.",
                now),
        ];
        return [.. current.Select(condition => KeepSince(condition, previous))];
    }

    private static ClusterCondition ReadyOf(
        ClusterView view, ClusterPlan plan, (string Code, string Detail)? obstacle, DateTimeOffset now)
    {
        if (view.Wish != ClusterWish.Running)
        {
            return new(Ready, false, ConditionSeverity.Info, "Deleted", "The cluster is deleted or being deleted.", now);
        }

        if (plan is { Step: PlanStep.Settle })
        {
            return new(Ready, true, ConditionSeverity.Info, "AllInstancesReady", "All instances are ready.", now);
        }

        if (obstacle is { } hindrance)
        {
            return new(Ready, false, ConditionSeverity.Error, Pascal(hindrance.Code), hindrance.Detail, now);
        }

        var broken = view.Instances.FirstOrDefault(instance => instance.LastError is not null);
        if (broken is not null)
        {
            var reason = broken.Observed == ObservedInstanceState.Refused ? "InstanceRefused" : "InstanceUnhealthy";
            return new(Ready, false, ConditionSeverity.Error, reason, $"{broken.Role.Word()} {broken.Id}: {broken.LastError}", now);
        }

        return new(Ready, false, ConditionSeverity.Info, "Starting", "Instances are being started; this takes seconds.", now);
    }

    private static ClusterCondition AgentReachableOf(ClusterView view, DateTimeOffset now) =>
        view.Instances.Any(instance => instance.HostSilent)
            ? new(
                AgentReachable,
                false,
                ConditionSeverity.Error,
                "AgentSilent",
                "The agent of a host has not been heard: its instances are left alone until it is back. Check the host and its network.",
                now)
            : new(AgentReachable, true, ConditionSeverity.Info, "AgentsHeard", "The agents of all hosts are heard.", now);

    private static ClusterCondition KeepSince(ClusterCondition condition, IReadOnlyList<ClusterCondition> previous)
    {
        var before = previous.FirstOrDefault(candidate => candidate.Type == condition.Type);
        return before is not null && before.Status == condition.Status && before.Reason == condition.Reason
            ? condition with { Since = before.Since }
            : condition;
    }

    private static string Pascal(string code) =>
        string.Concat(code.Split('-', StringSplitOptions.RemoveEmptyEntries)
            .Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
}
