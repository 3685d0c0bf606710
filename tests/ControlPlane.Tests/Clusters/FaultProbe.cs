using Cloud.Modules.Platform.Messaging;

namespace Cloud.ControlPlane.Tests.Clusters;

/// <summary>Kills workers at the points and times that a test names.</summary>
internal sealed class FaultProbe : IReconcileProbe
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ReconcilePoint, int> _reached = [];
    private (ReconcilePoint Point, int Time)? _deadly;

    public int Kills { get; private set; }

    /// <summary>The worker that is the n-th to reach the point from now on dies there.</summary>
    public void KillAt(ReconcilePoint point, int time)
    {
        lock (_gate)
        {
            _reached.Clear();
            _deadly = (point, time);
        }
    }

    public Task ReachAsync(ReconcilePoint point, Guid id)
    {
        lock (_gate)
        {
            var count = _reached[point] = _reached.GetValueOrDefault(point) + 1;
            if (_deadly is { } deadly && deadly == (point, count))
            {
                _deadly = null;
                Kills++;
                throw new WorkerKilledException();
            }
        }

        return Task.CompletedTask;
    }
}
