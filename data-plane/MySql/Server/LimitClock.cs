namespace Cloud.MySql.Server;

/// <summary>
/// When a connection entered its phase and its pending write; read by the watch while the connection runs. Thread-safe.
/// </summary>
internal sealed class LimitClock(TimeProvider time)
{
    private const long NotWriting = 0;

    private long _phaseBegan = time.GetTimestamp();
    private long _writeBegan;

    public TimeSpan PhaseAge => time.GetElapsedTime(Volatile.Read(ref _phaseBegan));

    /// <summary>How long the pending write has been waiting for the client; zero when none is.</summary>
    public TimeSpan WriteAge =>
        Volatile.Read(ref _writeBegan) is var began && began == NotWriting ? TimeSpan.Zero : time.GetElapsedTime(began);

    public void BeginPhase() => Volatile.Write(ref _phaseBegan, time.GetTimestamp());

    public void BeginWrite() => Volatile.Write(ref _writeBegan, time.GetTimestamp());

    public void EndWrite() => Volatile.Write(ref _writeBegan, NotWriting);
}

/// <summary>Passes everything to a stream and notes when a write begins and ends.</summary>
internal sealed class WriteTimedStream(Stream inner, LimitClock clock) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        inner.ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        clock.BeginWrite();
        try
        {
            await inner.WriteAsync(buffer, cancellationToken);
        }
        finally
        {
            clock.EndWrite();
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override ValueTask DisposeAsync() => inner.DisposeAsync();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
