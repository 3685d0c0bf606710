using Cloud.Agent.Host;
using Cloud.Contracts;
using Cloud.Kernel;
using Microsoft.Extensions.Logging;

namespace Cloud.Agent.Instances;

/// <summary>
/// The newest wish, on disk before anything is done about it. A snapshot replaces the specs it names; what it does not name stays as
/// it was, except instances that were removed to the end.
/// </summary>
internal sealed class DesiredStateStore
{
    private readonly AgentHome _home;
    private readonly ILogger _logger;
    private DesiredState _state;

    public DesiredStateStore(AgentHome home, ILogger logger)
    {
        _home = home;
        _logger = logger;
        _state = AtomicFile.ReadJson<DesiredState>(home.DesiredFile) ?? new DesiredState { Revision = 0, Instances = [] };
        if (_state.SchemaVersion != DesiredState.CurrentSchemaVersion)
        {
            throw new InvalidDataException(
                $"{home.DesiredFile} has schema version {_state.SchemaVersion}, this agent reads "
                + $"{DesiredState.CurrentSchemaVersion}. Run the agent version that wrote it.");
        }
    }

    public DesiredState Current => Volatile.Read(ref _state);

    /// <summary>Takes a snapshot over; false when it is not newer than what is known, or of a foreign schema.</summary>
    /// <param name="isGone">Whether an instance is removed to the end (no process, no folder).</param>
    public bool TakeOver(DesiredState snapshot, Func<InstanceId, bool> isGone)
    {
        var current = Current;
        if (snapshot.SchemaVersion != DesiredState.CurrentSchemaVersion)
        {
            _logger.LogError(
                "The control plane's desired state has schema version {Version}, this agent reads {Known}: nothing is changed. "
                + "Upgrade the agent.",
                snapshot.SchemaVersion,
                DesiredState.CurrentSchemaVersion);
            return false;
        }

        if (snapshot.Revision <= current.Revision)
        {
            return false;
        }

        var known = current.Instances.ToDictionary(spec => spec.Id);
        var merged = snapshot.Instances
            .Select(spec => known.TryGetValue(spec.Id, out var old) && old.Blueprint > spec.Blueprint ? old : spec)
            .ToList();
        var named = merged.Select(spec => spec.Id).ToHashSet();
        merged.AddRange(current.Instances.Where(
            spec => !named.Contains(spec.Id) && !(spec.State == DesiredInstanceState.Removed && isGone(spec.Id))));

        // Unknown fields of the snapshot are written too: a newer agent will understand them.
        var next = snapshot with { Instances = merged };
        AtomicFile.WriteJson(_home.DesiredFile, next);
        Volatile.Write(ref _state, next);
        return true;
    }
}
