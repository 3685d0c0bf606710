using Cloud.Local.Processes;

namespace Cloud.Local.Supervision;

/// <summary>A program that must run as long as the cloud is up.</summary>
public sealed record ServiceDefinition
{
    /// <summary>One word; names the log file and the line in <c>./cloud status</c>.</summary>
    public required string Name { get; init; }

    public required string File { get; init; }

    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Added to our own environment.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Asks for an orderly end.</summary>
    public int StopSignal { get; init; } = Signals.Terminate;

    /// <summary>How long an orderly end may take before SIGKILL.</summary>
    public TimeSpan StopLimit { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Completes when the service can be used; throws when it cannot. Called after every start.</summary>
    public required Func<CancellationToken, Task> WaitUntilReady { get; init; }

    /// <summary>Services that must have been ready once before this one starts.</summary>
    public IReadOnlyList<string> After { get; init; } = [];

    /// <summary>Runs after the service has ended for good, for what it leaves running on purpose.</summary>
    public Func<CancellationToken, Task>? AfterStop { get; init; }
}

/// <summary>What <c>./cloud status</c> shows of a service.</summary>
/// <param name="State"><c>starting</c>, <c>ready</c>, <c>restarting</c>, <c>stopped</c>.</param>
public sealed record ServiceStatus(string Name, string State, ProcessIdentity? Process, int Restarts, DateTimeOffset Since, string? LastError);
