using Cloud.Kernel;
using Cloud.Modules.Platform.Data;
using Npgsql;

namespace Cloud.Modules.Platform.Messaging;

/// <summary>Where a worker may die; tests make it do so.</summary>
internal enum ReconcilePoint
{
    LeaseTaken,
    PassFenced,
    BeforeCommit,
    AfterCommit,
    BeforeRelease,
}

/// <summary>Thrown by a probe: the attempt ends as a crash of the process would end it, and nothing is cleaned up.</summary>
internal sealed class WorkerKilledException : Exception;

/// <summary>Called at every <see cref="ReconcilePoint"/>.</summary>
internal interface IReconcileProbe
{
    Task ReachAsync(ReconcilePoint point, Guid id);
}

/// <summary>Lets workers live.</summary>
internal sealed class NoProbe : IReconcileProbe
{
    public Task ReachAsync(ReconcilePoint point, Guid id) => Task.CompletedTask;
}

/// <summary>Turns one hint into passes of its reconciler under a lease. Thread-safe.</summary>
internal sealed partial class ReconcileRunner(
    IServiceProvider services,
    CloudDataSources sources,
    IEnumerable<IReconciler> reconcilers,
    IReconcileProbe probe,
    TimeProvider time,
    ILogger<ReconcileRunner> logger)
{
    /// <summary>Passes of one attempt; more work than this waits for the sweep, so that no thing starves the others.</summary>
    private const int PassesMax = 100;

    private static readonly TimeSpan FailureDelay = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, IReconciler> _byKind =
        reconcilers.ToDictionary(reconciler => reconciler.Kind, StringComparer.Ordinal);

    /// <summary>Returns when nothing is left to do, another worker does it, or the attempt failed and is recorded.</summary>
    public async Task RunAsync(Hint hint, CancellationToken cancellationToken)
    {
        if (hint.SchemaVersion != Hint.CurrentSchemaVersion || !_byKind.TryGetValue(hint.Kind, out var reconciler))
        {
            LogDropped(logger, hint.Kind, hint.SchemaVersion);
            return;
        }

        var owner = $"{Environment.MachineName}/{Environment.ProcessId}/{Guid.NewGuid():N}";
        var lease = await WorkLease.KnockAsync(
            sources.Worker, hint.Kind, hint.Subject, hint.MessageId, owner, cancellationToken);
        for (var passes = 0; lease is not null && passes < PassesMax; passes++)
        {
            await probe.ReachAsync(ReconcilePoint.LeaseTaken, hint.Subject);
            lease = await PassAsync(reconciler, lease, cancellationToken);
        }

        if (lease is not null)
        {
            await lease.AbandonAsync(sources.Worker, "Too many passes in a row.", TimeSpan.Zero, cancellationToken);
        }
    }

    /// <summary>One pass; returns the lease when another is to follow.</summary>
    private async Task<WorkLease?> PassAsync(IReconciler reconciler, WorkLease lease, CancellationToken cancellationToken)
    {
        using var budget = new CancellationTokenSource(WorkLease.PassMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, budget.Token);
        try
        {
            await using var scope = services.CreateWorkerScope();
            var result = await reconciler.PassAsync(scope.ServiceProvider, lease.Id, lease, either.Token);
            if (result == PassResult.Again)
            {
                return await lease.RenewAsync(sources.Worker, cancellationToken);
            }

            await probe.ReachAsync(ReconcilePoint.BeforeRelease, lease.Id);
            return await lease.ReleaseAsync(sources.Worker, cancellationToken);
        }
        catch (LeaseLostException lost)
        {
            LogLost(logger, lost.Message);
            return null;
        }
        catch (Exception failure) when (failure is not WorkerKilledException && !cancellationToken.IsCancellationRequested)
        {
            // Faults outside us and defects alike: this attempt ends, its error is kept with the work item, the others go on.
            LogFailed(logger, failure, lease.Kind, lease.Id);
            await lease.AbandonAsync(sources.Worker, failure.Message, FailureDelay, cancellationToken);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A hint of kind {Kind}, version {SchemaVersion} is not known here and was dropped")]
    private static partial void LogDropped(ILogger logger, string kind, int schemaVersion);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Reason} This pass changed nothing")]
    private static partial void LogLost(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Reconciling {Kind} {Id} failed; the sweep will bring it up again")]
    private static partial void LogFailed(ILogger logger, Exception failure, string kind, Guid id);
}
