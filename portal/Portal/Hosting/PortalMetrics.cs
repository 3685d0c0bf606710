using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Components.Server.Circuits;

namespace Cloud.Portal.Hosting;

/// <summary>Counters of the process in Prometheus text. Safe for any thread.</summary>
/// <remarks><b>Source:</b> Prometheus text exposition format 0.0.4.</remarks>
internal sealed class PortalMetrics
{
    private long _circuits;
    private long _apiCalls;
    private long _apiFailures;
    private long _apiMilliseconds;

    public void CircuitOpened() => Interlocked.Increment(ref _circuits);

    public void CircuitClosed() => Interlocked.Decrement(ref _circuits);

    /// <summary>Counts one call of the API, with long polls, and whether it was refused or never answered.</summary>
    public void ApiCalled(TimeSpan took, bool failed)
    {
        Interlocked.Increment(ref _apiCalls);
        Interlocked.Add(ref _apiMilliseconds, (long)took.TotalMilliseconds);
        if (failed)
        {
            Interlocked.Increment(ref _apiFailures);
        }
    }

    public string Render()
    {
        var text = new StringBuilder();
        Write(text, "cloud_portal_circuits", "gauge", "Pages held open by browsers.", Volatile.Read(ref _circuits));
        Write(text, "cloud_portal_api_calls_total", "counter", "Calls of the REST API.", Volatile.Read(ref _apiCalls));
        Write(text, "cloud_portal_api_failures_total", "counter", "Calls that were refused or not answered.", Volatile.Read(ref _apiFailures));
        Write(text, "cloud_portal_api_milliseconds_total", "counter", "Time spent waiting for the API.", Volatile.Read(ref _apiMilliseconds));
        Write(text, "process_resident_memory_bytes", "gauge", "Resident memory.", Environment.WorkingSet);
        return text.ToString();
    }

    private static void Write(StringBuilder text, string name, string type, string help, long value) =>
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n{name} {value}\n");
}

/// <summary>Counts the circuit that it belongs to.</summary>
internal sealed class CircuitCounter(PortalMetrics metrics) : CircuitHandler
{
    public override Task OnCircuitOpenedAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        metrics.CircuitOpened();
        return Task.CompletedTask;
    }

    public override Task OnCircuitClosedAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        metrics.CircuitClosed();
        return Task.CompletedTask;
    }
}
