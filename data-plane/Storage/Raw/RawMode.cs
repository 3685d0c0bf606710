using Cloud.Codec;
using Cloud.Engine;
using Cloud.Rpc.Proto.Kvrpcpb;
using Cloud.Storage.Regions;
using Google.Protobuf;
using Error = Cloud.Rpc.Proto.Errorpb.Error;

namespace Cloud.Storage.Raw;

/// <summary>
/// How raw data of one API version is laid out: which column family and prefix, plain or memcomparable keys, with or
/// without versions, and what surrounds a value. The three never share a physical key. Source: KV-PROTOCOL §1.6 and
/// annex B; the storage design document.
/// </summary>
internal sealed class RawMode
{
    private const int ModeAndKeyspaceBytes = 4;

    private static readonly RawMode V1 = new(DataPrefix.V1, ColumnFamily.Raw, isVersioned: false, hasTtl: false);
    private static readonly RawMode V1Ttl = new(DataPrefix.V1Ttl, ColumnFamily.Raw, isVersioned: false, hasTtl: true);
    private static readonly RawMode V2 = new(DataPrefix.V2, ColumnFamily.Default, isVersioned: true, hasTtl: true);

    private RawMode(byte prefix, ColumnFamily family, bool isVersioned, bool hasTtl)
    {
        Prefix = prefix;
        Family = family;
        IsVersioned = isVersioned;
        HasTtl = hasTtl;
    }

    internal byte Prefix { get; }

    internal ColumnFamily Family { get; }

    /// <summary>Whether each write makes a version with a timestamp of its own; keys are then memcomparable.</summary>
    internal bool IsVersioned { get; }

    internal bool HasTtl { get; }

    internal static RawMode Of(Context? context) => context?.ApiVersion switch
    {
        APIVersion.V2 => V2,
        APIVersion.V1Ttl => V1Ttl,
        _ => V1,
    };

    /// <summary>Why a key cannot be used; null when it can.</summary>
    internal string? CheckKey(ByteString key, string family, int keyBytesMax)
    {
        if (family.Length > 0 && !string.Equals(family, "default", StringComparison.Ordinal))
        {
            return $"invalid column family {family}: raw data has only \"default\"";
        }

        if (key.Length > keyBytesMax)
        {
            return $"max key size exceeded, size: {key.Length}, limit: {keyBytesMax}";
        }

        return IsVersioned && (key.Length < ModeAndKeyspaceBytes || key[0] != (byte)'r')
            ? "invalid key mode: raw keys of API V2 begin with 'r' and three bytes of keyspace id"
            : null;
    }

    /// <summary>The physical key, without a timestamp.</summary>
    internal byte[] DataKeyOf(ReadOnlySpan<byte> key) =>
        IsVersioned ? DataKey.Encode(Prefix, key) : DataKey.Plain(Prefix, key);

    /// <summary>A user's key from a physical one, without its timestamp.</summary>
    internal ByteString UserKeyOf(ReadOnlySpan<byte> dataKey) =>
        IsVersioned
            ? UnsafeByteOperations.UnsafeWrap(DataKey.DecodeUserKey(dataKey))
            : ByteString.CopyFrom(dataKey[1..]);

    /// <summary>The physical range of [start, end), cut to the region.</summary>
    internal (byte[] Lower, byte[] Upper) RangeOf(RegionPeer peer, ByteString start, ByteString end, out Error? outside)
    {
        var region = peer.Region;
        byte[] lower = start.IsEmpty ? [Prefix, .. region.StartKey.Span] : DataKeyOf(start.Span);
        byte[] upper = end.IsEmpty ? [DataPrefix.After(Prefix)] : DataKeyOf(end.Span);
        byte[] regionEnd = region.EndKey.IsEmpty ? [DataPrefix.After(Prefix)] : [Prefix, .. region.EndKey.Span];
        outside = start.IsEmpty ? null : peer.CheckKey(lower.AsSpan(1));
        upper = Min(upper, regionEnd);

        // Transactional data of API V2 lies behind the raw data.
        return IsVersioned ? (Max(lower, [Prefix, (byte)'r']), Min(upper, [Prefix, (byte)'r' + 1])) : (lower, upper);
    }

    internal RawValue Parse(ReadOnlySpan<byte> stored) =>
        IsVersioned ? RawValue.ParseV2(stored) : HasTtl ? RawValue.ParseV1Ttl(stored) : new RawValue { UserValue = stored };

    internal void Write(ByteBuffer buffer, in RawValue value)
    {
        if (IsVersioned)
        {
            value.WriteV2(buffer);
        }
        else if (HasTtl)
        {
            value.WriteV1Ttl(buffer);
        }
        else
        {
            buffer.Write(value.UserValue);
        }
    }

    private static byte[] Max(byte[] left, byte[] right) => left.AsSpan().SequenceCompareTo(right) >= 0 ? left : right;

    private static byte[] Min(byte[] left, byte[] right) => left.AsSpan().SequenceCompareTo(right) <= 0 ? left : right;
}
