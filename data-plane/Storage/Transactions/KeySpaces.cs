using Cloud.Codec;
using Cloud.Rpc.Proto.Kvrpcpb;
using Google.Protobuf;

namespace Cloud.Storage.Transactions;

/// <summary>
/// Which part of the physical key space a transactional request works in. V1 and V1TTL requests share one, V2 has its
/// own, so keys of different modes never meet, whatever their bytes. Source: ARCHITECTURE §4, key modes; the storage
/// design document.
/// </summary>
internal static class KeySpaces
{
    private const byte TransactionalMode = (byte)'x';
    private const int ModeAndKeyspaceBytes = 4;

    /// <summary>The first byte of the data keys of a request.</summary>
    internal static byte PrefixOf(Context context) =>
        context.ApiVersion == APIVersion.V2 ? DataPrefix.V2 : DataPrefix.V1;

    /// <summary>Whether a key may be used in its mode.</summary>
    internal static KeyError? Check(Context context, ByteString key, int keyBytesMax)
    {
        if (key.Length > keyBytesMax)
        {
            return KeyErrors.KeyTooLarge(key.Length, keyBytesMax);
        }

        return context.ApiVersion == APIVersion.V2 && (key.Length < ModeAndKeyspaceBytes || key[0] != TransactionalMode)
            ? KeyErrors.InvalidKeyMode("V2 transactional", key)
            : null;
    }

    internal static byte[] DataKeyOf(Context context, ByteString key) => DataKey.Encode(PrefixOf(context), key.Span);

    /// <summary>
    /// The physical range of [start, end) of users' keys; an empty end is the end of the mode's part of the key space.
    /// </summary>
    internal static (byte[] Lower, byte[] Upper) RangeOf(Context context, ByteString start, ByteString end)
    {
        var prefix = PrefixOf(context);
        var lower = start.IsEmpty ? [prefix] : DataKey.Encode(prefix, start.Span);
        var upper = end.IsEmpty ? [DataPrefix.After(prefix)] : DataKey.Encode(prefix, end.Span);
        if (context.ApiVersion != APIVersion.V2)
        {
            return (lower, upper);
        }

        // Raw data of API V2 lies before the transactional.
        byte[] first = [prefix, TransactionalMode];
        byte[] last = [prefix, TransactionalMode + 1];
        return (
            lower.AsSpan().SequenceCompareTo(first) >= 0 ? lower : first,
            upper.AsSpan().SequenceCompareTo(last) <= 0 ? upper : last);
    }

    /// <summary>
    /// A bound as regions are bounded: a data key without its first byte; empty for the ends of the key space.
    /// </summary>
    internal static ReadOnlySpan<byte> RegionKey(ReadOnlySpan<byte> dataKey) => dataKey[1..];
}
