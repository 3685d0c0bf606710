using Cloud.Codec;
using Cloud.Engine;
using Cloud.Storage.Mvcc;

namespace Cloud.Storage.Replication;

/// <summary>
/// The payload of a log entry: which epoch it was made for, and the writes that applying it makes, in order. Whether
/// they may be made was decided before; applying is the same on every replica and in every replay.
/// <code>format u8 (1) | conf_ver varint | version varint | { kind and family u8 | key length varint | key | [value length varint | value] }</code>
/// An empty payload is the entry with which a leader begins its term. Not thread-safe.
/// </summary>
internal sealed class WriteCommand(ByteBuffer buffer)
{
    internal const byte Format = 1;
    internal const byte PutKind = 0x10;
    internal const byte DeleteKind = 0x20;
    internal const byte DeleteRangeKind = 0x30;

    /// <summary>Writes added.</summary>
    internal int Count { get; private set; }

    /// <summary>Starts over.</summary>
    internal void Begin(ulong confVersion, ulong version)
    {
        buffer.Clear();
        buffer.WriteByte(Format);
        buffer.WriteVarint(confVersion);
        buffer.WriteVarint(version);
        Count = 0;
    }

    /// <summary>Makes the empty command.</summary>
    internal void BeginTerm()
    {
        buffer.Clear();
        Count = 0;
    }

    internal void Put(ColumnFamily family, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Add(PutKind, family, key);
        buffer.WriteVarint((ulong)value.Length);
        buffer.Write(value);
    }

    internal void Delete(ColumnFamily family, ReadOnlySpan<byte> key) => Add(DeleteKind, family, key);

    internal void DeleteRange(ColumnFamily family, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper)
    {
        Add(DeleteRangeKind, family, lower);
        buffer.WriteVarint((ulong)upper.Length);
        buffer.Write(upper);
    }

    /// <summary>The epoch a payload was made for; false for the entry that begins a term.</summary>
    internal static bool TryReadEpoch(ReadOnlySpan<byte> payload, out ulong confVersion, out ulong version)
    {
        confVersion = version = 0;
        if (payload.IsEmpty)
        {
            return false;
        }

        var reader = OpenReader(payload);
        confVersion = reader.ReadVarint();
        version = reader.ReadVarint();
        return true;
    }

    /// <summary>
    /// Adds the writes of a payload to a batch, and tells which locks they change. PERF-CRITICAL: allocates only the keys of locks.
    /// </summary>
    /// <returns>The number of writes.</returns>
    /// <exception cref="CodecException">The payload is malformed: another version wrote it, or memory was
    /// damaged.</exception>
    internal static int Apply(ReadOnlySpan<byte> payload, IKvWriteBatch batch, List<LockChange> lockChanges)
    {
        if (payload.IsEmpty)
        {
            return 0;
        }

        var reader = OpenReader(payload);
        reader.ReadVarint();
        reader.ReadVarint();
        var count = 0;
        while (!reader.AtEnd)
        {
            var head = reader.ReadByte();
            var family = (ColumnFamily)(head & 0x0F);
            var key = reader.Take((int)reader.ReadVarint());
            ReadOnlySpan<byte> upper = default;
            switch (head & 0xF0)
            {
                case PutKind:
                    batch.Put(family, key, reader.Take((int)reader.ReadVarint()));
                    break;
                case DeleteKind:
                    batch.Delete(family, key);
                    break;
                case DeleteRangeKind:
                    upper = reader.Take((int)reader.ReadVarint());
                    batch.DeleteRange(family, key, upper);
                    break;
                default:
                    throw CodecException.Malformed("a replicated command", payload);
            }

            if (family == ColumnFamily.Lock)
            {
                var kind = head & 0xF0;
                lockChanges.Add(new LockChange(key.ToArray(), kind == PutKind, kind == DeleteRangeKind ? upper.ToArray() : null));
            }

            count++;
        }

        return reader.Failed ? throw CodecException.Malformed("a replicated command", payload) : count;
    }

    private static ByteReader OpenReader(ReadOnlySpan<byte> payload)
    {
        var reader = new ByteReader(payload);
        return reader.ReadByte() == Format
            ? reader
            : throw new CodecException($"a replicated command has format {payload[0]}, this build knows {Format}");
    }

    private void Add(byte kind, ColumnFamily family, ReadOnlySpan<byte> key)
    {
        buffer.WriteByte((byte)(kind | (byte)family));
        buffer.WriteVarint((ulong)key.Length);
        buffer.Write(key);
        Count++;
    }
}
