using System.Buffers.Binary;
using Cloud.Codec;
using Cloud.Engine;
using Cloud.Rpc.Proto.Metapb;
using Google.Protobuf;

namespace Cloud.Storage.Replication;

/// <summary>
/// What a store remembers of its regions, in the local column family:
/// <code>01 02 region(BE64) 03 → version u8 | applied index LE64          01 03 region(BE64) 01 → version u8 | metapb.Region</code>
/// Source: the shape of TiKV's local keys (KV-PROTOCOL annex B).
/// </summary>
internal static class LocalState
{
    private const byte Version = 1;
    private const int KeyBytes = 11;

    internal static void PutApplied(IKvWriteBatch batch, ulong region, ulong appliedIndex)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        WriteKey(key, 0x02, region, 0x03);
        Span<byte> value = stackalloc byte[9];
        value[0] = Version;
        BinaryPrimitives.WriteUInt64LittleEndian(value[1..], appliedIndex);
        batch.Put(ColumnFamily.Local, key, value);
    }

    /// <summary>0 for a region that never applied anything.</summary>
    internal static ulong GetApplied(IKvReader reader, ulong region)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        WriteKey(key, 0x02, region, 0x03);
        using var value = reader.Get(ColumnFamily.Local, key);
        if (!value.Exists)
        {
            return 0;
        }

        CheckVersion(value.Span, "the applied index");
        return BinaryPrimitives.ReadUInt64LittleEndian(value.Span[1..]);
    }

    internal static void PutRegion(IKvWriteBatch batch, Region region)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        WriteKey(key, 0x03, region.Id, 0x01);
        batch.Put(ColumnFamily.Local, key, [Version, .. region.ToByteArray()]);
    }

    internal static void DeleteRegion(IKvWriteBatch batch, ulong region)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        WriteKey(key, 0x03, region, 0x01);
        batch.Delete(ColumnFamily.Local, key);
    }

    internal static List<Region> GetRegions(IKvReader reader)
    {
        var regions = new List<Region>();
        using var iterator = reader.Iterate(ColumnFamily.Local, [0x01, 0x03], [0x01, 0x04]);
        for (var valid = iterator.SeekToFirst(); valid; valid = iterator.Next())
        {
            CheckVersion(iterator.Value, "a region's state");
            regions.Add(Region.Parser.ParseFrom(iterator.Value[1..]));
        }

        return regions;
    }

    private static void WriteKey(Span<byte> key, byte family, ulong region, byte suffix)
    {
        key[0] = 0x01;
        key[1] = family;
        BinaryPrimitives.WriteUInt64BigEndian(key[2..], region);
        key[10] = suffix;
    }

    private static void CheckVersion(ReadOnlySpan<byte> value, string what)
    {
        if (value.IsEmpty || value[0] != Version)
        {
            throw new CodecException(
                $"{what} was written in format {(value.IsEmpty ? 0 : value[0])}; this build reads format {Version}: start the version that wrote it");
        }
    }
}
