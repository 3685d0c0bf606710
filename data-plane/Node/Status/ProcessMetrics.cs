using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Cloud.Node.Status;

/// <summary>What every process tells of itself, under the names that Prometheus' own client libraries use.</summary>
internal sealed class ProcessMetrics : IDisposable
{
    private readonly Meter _meter = new("Cloud.Node");
    private readonly Process _process = Process.GetCurrentProcess();

    public ProcessMetrics(DateTimeOffset startedAt)
    {
        _meter.CreateObservableCounter("process_cpu_seconds", () => CpuTime().TotalSeconds, description: "User and system CPU time.");
        _meter.CreateObservableGauge("process_resident_memory_bytes", () => Resident(), description: "Resident memory.");
        _meter.CreateObservableGauge("process_start_time_seconds", () => startedAt.ToUnixTimeMilliseconds() / 1000.0);
        _meter.CreateObservableGauge("process_threads", () => ThreadPool.ThreadCount, description: "Threads of the pool.");
        _meter.CreateObservableGauge("dotnet_heap_bytes", () => GC.GetTotalMemory(forceFullCollection: false));
        _meter.CreateObservableCounter("dotnet_allocated_bytes", () => GC.GetTotalAllocatedBytes());
        _meter.CreateObservableCounter("dotnet_gc_collections", () => GC.CollectionCount(0));
    }

    public static TimeSpan CpuTime() => Environment.CpuUsage.TotalTime;

    public void Dispose()
    {
        _meter.Dispose();
        _process.Dispose();
    }

    private long Resident()
    {
        _process.Refresh();
        return _process.WorkingSet64;
    }
}
