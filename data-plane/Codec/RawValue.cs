using System.Buffers.Binary;

namespace Cloud.Codec;

/// <summary>
/// A stored raw value and its expiry. A view of the bytes that were parsed.
/// Source: TiKV, <c>api_version</c>: V1 as is; V1TTL value + BE64 expiry; V2 value [+ BE64 expiry] + meta byte (1
/// expiry, 2 deleted).
/// </summary>
public readonly ref struct RawValue
{
    private const int ExpiryBytes = 8;
    private const byte HasExpiry = 0x01;
    private const byte IsDelete = 0x02;

    public ReadOnlySpan<byte> UserValue { get; init; }

    /// <summary>Seconds since 1970 UTC at which the value ceases to exist; 0 means never.</summary>
    public ulong ExpiresAtSeconds { get; init; }

    /// <summary>V2: the version says that the key does not exist.</summary>
    public bool IsDeleted { get; init; }

    /// <summary>Whether a reader at the time given sees the value.</summary>
    public bool ExistsAt(ulong nowSeconds) => !IsDeleted && (ExpiresAtSeconds == 0 || ExpiresAtSeconds > nowSeconds);

    /// <exception cref="CodecException">The value has no expiry.</exception>
    public static RawValue ParseV1Ttl(ReadOnlySpan<byte> stored)
    {
        if (stored.Length < ExpiryBytes)
        {
            throw CodecException.Malformed("a raw value with an expiry", stored);
        }

        return new RawValue
        {
            UserValue = stored[..^ExpiryBytes],
            ExpiresAtSeconds = BinaryPrimitives.ReadUInt64BigEndian(stored[^ExpiryBytes..]),
        };
    }

    /// <exception cref="CodecException">The value does not end in a known meta byte.</exception>
    public static RawValue ParseV2(ReadOnlySpan<byte> stored)
    {
        if (stored.IsEmpty || stored[^1] > (HasExpiry | IsDelete))
        {
            throw CodecException.Malformed("a raw value of API V2", stored);
        }

        var meta = stored[^1];
        var rest = stored[..^1];
        if ((meta & HasExpiry) == 0)
        {
            return new RawValue { UserValue = rest, IsDeleted = (meta & IsDelete) != 0 };
        }

        var withExpiry = ParseV1Ttl(rest);
        return new RawValue
        {
            UserValue = withExpiry.UserValue,
            ExpiresAtSeconds = withExpiry.ExpiresAtSeconds,
            IsDeleted = (meta & IsDelete) != 0,
        };
    }

    public void WriteV1Ttl(ByteBuffer buffer)
    {
        buffer.Write(UserValue);
        buffer.WriteUInt64BigEndian(ExpiresAtSeconds);
    }

    public void WriteV2(ByteBuffer buffer)
    {
        buffer.Write(UserValue);
        byte meta = IsDeleted ? IsDelete : (byte)0;
        if (ExpiresAtSeconds != 0)
        {
            buffer.WriteUInt64BigEndian(ExpiresAtSeconds);
            meta |= HasExpiry;
        }

        buffer.WriteByte(meta);
    }
}
