using Cloud.Benchmarks.Reporting;

namespace Cloud.Benchmarks.Scenarios;

/// <summary>One benchmark: sets up what it needs, measures, cleans up.</summary>
internal interface IScenario
{
    /// <summary>The word on the command line.</summary>
    string Name { get; }

    /// <summary>One sentence for <c>--help</c>.</summary>
    string Description { get; }

    /// <param name="report">Progress for the person who waits.</param>
    Task<IReadOnlyList<Measurement>> RunAsync(Action<string> report, CancellationToken cancellationToken);
}
