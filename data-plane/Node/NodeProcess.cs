using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Cloud.Contracts;
using Cloud.Node.Roles;
using Cloud.Node.Status;
using Microsoft.AspNetCore.Connections;

namespace Cloud.Node;

/// <summary>How a process runs, whatever its role.</summary>
internal sealed record NodeProcessOptions
{
    /// <summary>For logs: the role's word.</summary>
    public required string Role { get; init; }

    public required string Instance { get; init; }

    /// <summary>Where the status port is bound.</summary>
    public required IPEndPoint Status { get; init; }

    /// <summary>The folder to hold; null when the role stores nothing.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>The file whose changes are taken over; null when there is none.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>
    /// How long statements and calls may take to end after SIGTERM. Chosen here: the agent kills after longer.
    /// </summary>
    public TimeSpan DrainLimit { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>
/// One life of a node: hold the data folder, answer on the status port, start the role, become ready, serve until
/// SIGTERM, SIGINT or a
/// fault, drain, close.
/// </summary>
/// <remarks>
/// Crash points: the lock on the data folder ends with the process; the roles promise that what they acknowledged is on
/// disk, so that
/// an end at any point, also within draining, loses nothing.
/// </remarks>
internal sealed class NodeProcess : INodeStatus, IDisposable
{
    private readonly NodeProcessOptions _options;
    private readonly INodeRole _role;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly string _incarnation = Guid.NewGuid().ToString("N");
    private readonly DateTimeOffset _startedAt;
    private readonly long _startedTimestamp;
    private readonly MetricsCollector _metrics = new();
    private readonly ProcessMetrics _processMetrics;
    private readonly CancellationTokenSource _stopping = new();

    public NodeProcess(NodeProcessOptions options, INodeRole role, TimeProvider time, ILoggerFactory loggers)
    {
        _options = options;
        _role = role;
        _time = time;
        _loggers = loggers;
        _logger = loggers.CreateLogger<NodeProcess>();
        _startedAt = time.GetUtcNow();
        _startedTimestamp = time.GetTimestamp();
        _processMetrics = new ProcessMetrics(_startedAt);
    }

    public string? NotReadyReason => _stopping.IsCancellationRequested ? "stopping" : _role.NotReadyReason;

    public NodeUsage Usage => new(_incarnation, _startedAt, _role.Usage);

    /// <summary>The port of the status server, once it runs.</summary>
    public int StatusPort { get; private set; }

    /// <summary>Runs to the end.</summary>
    /// <returns>The process's exit code.</returns>
    public async Task<int> RunAsync()
    {
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        NodeLog.Starting(_logger, NodeVersion.Text, _options.Role, _options.Instance, Environment.ProcessId);
        try
        {
            using var held = _options.DataDirectory is null ? null : DataDirectoryLock.Take(_options.DataDirectory);
            await using var status = await StatusServer.StartAsync(_options.Status, this, _metrics, _loggers, _stopping.Token);
            StatusPort = status.Port;
            return await ServeAsync();
        }
        catch (NodeExitException exit)
        {
            await Console.Error.WriteLineAsync(exit.Message);
            return exit.Code;
        }
        catch (Exception taken) when (IsPortTaken(taken))
        {
            await Console.Error.WriteLineAsync(
                $"A port of {_options.Role} {_options.Instance} is taken by another program: {taken.Message} Configure other ports.");
            return NodeExitCodes.PortTaken;
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            NodeLog.Stopped(_logger);
            return ExitCodes.Ok;
        }
        catch (Exception fault)
        {
            // The boundary of the process: whatever could not be handled below ends it, visibly.
            NodeLog.Failed(_logger, fault);
            return ExitCodes.Failed;
        }
    }

    /// <summary>Begins draining, as a signal does.</summary>
    public void Stop() => _stopping.Cancel();

    public void Dispose()
    {
        _stopping.Dispose();
        _metrics.Dispose();
        _processMetrics.Dispose();
    }

    private void Stop(PosixSignalContext signal)
    {
        // Draining ends the process, not the signal.
        signal.Cancel = true;
        Stop();
    }

    private async Task<int> ServeAsync()
    {
        await using (_role)
        {
            await _role.StartAsync(_stopping.Token);
            using var watching = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            var watch = _options.ConfigFile is null
                ? Task.CompletedTask
                : new ConfigWatch(_options.ConfigFile, _role.Apply, _time, _logger).RunAsync(watching.Token);
            var failed = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
            var ready = BecomeReadyAsync(failed);
            var stopped = Task.Delay(Timeout.InfiniteTimeSpan, _time, _stopping.Token);
            var first = await Task.WhenAny(stopped, _role.Fault, failed.Task);
            await watching.CancelAsync();
            await watch;
            if (first is Task<Exception> fault)
            {
                ExceptionDispatchInfo.Throw(await fault);
            }

            await ready;
            NodeLog.Draining(_logger, _options.DrainLimit);
            await _role.DrainAsync(_options.DrainLimit, CancellationToken.None);
        }

        NodeLog.Stopped(_logger);
        return ExitCodes.Ok;
    }

    /// <summary>Never fails: what hinders the role for good is handed to <paramref name="failed"/>.</summary>
    private async Task BecomeReadyAsync(TaskCompletionSource<Exception> failed)
    {
        try
        {
            await _role.BecomeReadyAsync(_stopping.Token);
            NodeLog.Ready(_logger, (long)_time.GetElapsedTime(_startedTimestamp).TotalMilliseconds, StatusPort);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Stopped before it was ready.
        }
        catch (Exception fault)
        {
            failed.TrySetResult(fault);
        }
    }

    private static bool IsPortTaken(Exception error)
    {
        for (var cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse })
            {
                return true;
            }
        }

        return false;
    }
}
