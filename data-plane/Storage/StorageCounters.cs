using System.Diagnostics.Metrics;

namespace Cloud.Storage;

/// <summary>
/// What a store counts for metering, cumulative since the process began; and the same as instruments of the meter
/// <c>Cloud.Storage</c>. Thread-safe. A request counts once it was answered from data, not when it was refused by a
/// region error.
/// </summary>
public sealed class StorageCounters : IDisposable
{
    private readonly Meter _meter = new("Cloud.Storage");
    private long _readBatches;
    private long _readRequests;
    private long _readBytes;
    private long _writeBatches;
    private long _writeRequests;
    private long _writtenBytes;

    public StorageCounters()
    {
        _meter.CreateObservableCounter("storage_read_requests", () => ReadRequests);
        _meter.CreateObservableCounter("storage_read_bytes", () => ReadBytes, "By");
        _meter.CreateObservableCounter("storage_write_requests", () => WriteRequests);
        _meter.CreateObservableCounter("storage_written_bytes", () => WrittenBytes, "By");
    }

    /// <summary>Requests that read more than one key.</summary>
    public long ReadBatches => Interlocked.Read(ref _readBatches);

    public long ReadRequests => Interlocked.Read(ref _readRequests);

    /// <summary>Bytes of keys and values that were answered with.</summary>
    public long ReadBytes => Interlocked.Read(ref _readBytes);

    /// <summary>Requests that write more than one key.</summary>
    public long WriteBatches => Interlocked.Read(ref _writeBatches);

    public long WriteRequests => Interlocked.Read(ref _writeRequests);

    /// <summary>Bytes of keys and values that clients sent to be written.</summary>
    public long WrittenBytes => Interlocked.Read(ref _writtenBytes);

    public void Dispose() => _meter.Dispose();

    /// <summary>Adds a gauge that is read when metrics are collected.</summary>
    internal void Gauge(string name, Func<long> read) => _meter.CreateObservableGauge(name, read);

    internal void Read(long keys, long bytes)
    {
        Interlocked.Increment(ref _readRequests);
        if (keys > 1)
        {
            Interlocked.Increment(ref _readBatches);
        }

        Interlocked.Add(ref _readBytes, bytes);
    }

    internal void Wrote(long keys, long bytes)
    {
        Interlocked.Increment(ref _writeRequests);
        if (keys > 1)
        {
            Interlocked.Increment(ref _writeBatches);
        }

        Interlocked.Add(ref _writtenBytes, bytes);
    }
}
