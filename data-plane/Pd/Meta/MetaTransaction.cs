using System.Text;
using Cloud.Codec;

namespace Cloud.Pd.Meta;

/// <summary>
/// Changes that become durable and visible together, as one revision. This is the command of PD's replicated state machine: it holds
/// results, not intentions, so that applying it is deterministic.
/// </summary>
internal sealed class MetaTransaction
{
    private readonly List<MetaChange> _changes = [];

    public IReadOnlyList<MetaChange> Changes => _changes;

    public bool IsEmpty => _changes.Count == 0;

    public MetaTransaction Put(string key, byte[] value) => Put(Encoding.UTF8.GetBytes(key), value);

    public MetaTransaction Put(byte[] key, byte[] value)
    {
        _changes.Add(new MetaChange(key, value));
        return this;
    }

    public MetaTransaction Delete(string key) => Delete(Encoding.UTF8.GetBytes(key));

    public MetaTransaction Delete(byte[] key)
    {
        _changes.Add(new MetaChange(key, null));
        return this;
    }

    /// <summary>Appends: count, then for each change a kind (0 delete, 1 put), the key, and the value of a put.</summary>
    public void Encode(ByteBuffer buffer)
    {
        buffer.WriteVarint((ulong)_changes.Count);
        foreach (var (key, value) in _changes)
        {
            buffer.WriteByte(value is null ? (byte)0 : (byte)1);
            buffer.WriteCompactBytes(key);
            if (value is not null)
            {
                buffer.WriteCompactBytes(value);
            }
        }
    }

    /// <summary>The inverse of <see cref="Encode"/>; null when malformed.</summary>
    public static MetaTransaction? Decode(ref ByteReader reader)
    {
        var transaction = new MetaTransaction();
        for (var remaining = reader.ReadVarint(); remaining > 0 && !reader.Failed; remaining--)
        {
            var kind = reader.ReadByte();
            var key = reader.ReadCompactBytes().ToArray();
            transaction._changes.Add(new MetaChange(key, kind == 0 ? null : reader.ReadCompactBytes().ToArray()));
        }

        return reader.Failed ? null : transaction;
    }
}
