using Cloud.KvClient.Regions;
using Cloud.Rpc.Proto.Kvrpcpb;
using Google.Protobuf;
using PessimisticAction = Cloud.Rpc.Proto.Kvrpcpb.PrewriteRequest.Types.PessimisticAction;

namespace Cloud.KvClient.Transactions;

/// <summary>One key of a commit.</summary>
/// <param name="Key">The user's key.</param>
/// <param name="Op">What storage does.</param>
/// <param name="Value">For a put or an insert.</param>
/// <param name="Action">What storage checks in a pessimistic transaction.</param>
internal sealed record CommitMutation(byte[] Key, Op Op, byte[] Value, PessimisticAction Action)
{
    /// <summary>The key as regions compare it.</summary>
    public byte[] RegionKey { get; } = KeyCodec.EncodeArray(Key);

    public int Bytes => Key.Length + Value.Length;

    /// <summary>Whether it leaves a lock behind, to be committed or rolled back.</summary>
    public bool Locks => Op != Op.CheckNotExists;

    public ByteString WireKey => UnsafeByteOperations.UnsafeWrap(Key);

    public Mutation ToMessage() => new() { Op = Op, Key = WireKey, Value = UnsafeByteOperations.UnsafeWrap(Value) };
}
