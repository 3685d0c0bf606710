using System.Buffers.Binary;

namespace Cloud.Engine.Log;

/// <summary>A write that is not an entry, and whose sender awaits a task.</summary>
internal abstract class LogControlWrite : LogWrite
{
    internal TaskCompletionSource Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override void OnDurable() => Completion.SetResult();

    public override void OnFailed(Exception error) => Completion.SetException(error);
}

internal sealed class LogHardStateWrite : LogControlWrite
{
    internal const int PayloadBytes = 16;

    private readonly byte[] _payload = new byte[PayloadBytes];

    internal LogHardStateWrite(ulong region, LogHardState state)
    {
        RegionId = region;
        Term = state.Term;
        Encode(state, _payload);
    }

    public override ReadOnlySpan<byte> Payload => _payload;

    internal static void Encode(LogHardState state, Span<byte> payload)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(payload, state.Vote);
        BinaryPrimitives.WriteUInt64LittleEndian(payload[8..], state.Commit);
    }
}

/// <summary>Gives up a region's entries up to and including <see cref="LogWrite.Index"/>.</summary>
internal sealed class LogPurge : LogControlWrite
{
    internal LogPurge(ulong region, ulong throughIndex)
    {
        RegionId = region;
        Index = throughIndex;
    }

    public override ReadOnlySpan<byte> Payload => default;
}
