using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Cloud.Pd.Meta;

/// <summary>The metadata in memory: ordered by key, with etcd's revisions. Applying is deterministic. Not thread-safe.</summary>
internal sealed class MetaMap
{
    private readonly SortedSet<MetaEntry> _entries = new(KeyOrder.Instance);

    /// <summary>Transactions applied since the cluster's first.</summary>
    public long Revision { get; private set; }

    public int Count => _entries.Count;

    /// <summary>Applies a transaction as the next revision.</summary>
    public void Apply(MetaTransaction transaction)
    {
        Revision++;
        foreach (var (key, value) in transaction.Changes)
        {
            var known = TryGet(key, out var before);
            if (known)
            {
                _entries.Remove(before!); // TryGet gave it.
            }

            if (value is not null)
            {
                _entries.Add(new MetaEntry(
                    key, value, known ? before!.CreateRevision : Revision, Revision, known ? before!.Version + 1 : 1)); // As above.
            }
        }
    }

    /// <summary>Puts back an entry of a snapshot.</summary>
    public void Restore(MetaEntry entry) => _entries.Add(entry);

    /// <summary>Continues counting from a snapshot.</summary>
    public void RestoreRevision(long revision) => Revision = revision;

    public bool TryGet(byte[] key, [NotNullWhen(true)] out MetaEntry? entry) => _entries.TryGetValue(Probe(key), out entry);

    public bool TryGet(string key, [NotNullWhen(true)] out MetaEntry? entry) => TryGet(Encoding.UTF8.GetBytes(key), out entry);

    /// <summary>The entries of [<paramref name="start"/>, <paramref name="end"/>) in ascending order; a null end is the end of all keys.</summary>
    public IEnumerable<MetaEntry> Range(byte[] start, byte[]? end)
    {
        if (_entries.Count == 0 || (end is not null && start.AsSpan().SequenceCompareTo(end) >= 0))
        {
            yield break;
        }

        var last = end is null ? _entries.Max! : Probe(end); // The set is not empty.
        if (KeyOrder.Instance.Compare(Probe(start), last) > 0)
        {
            yield break;
        }

        foreach (var entry in _entries.GetViewBetween(Probe(start), last))
        {
            if (end is null || entry.Key.AsSpan().SequenceCompareTo(end) < 0)
            {
                yield return entry;
            }
        }
    }

    /// <summary>The entries whose key begins with <paramref name="prefix"/>, in ascending order.</summary>
    public IEnumerable<MetaEntry> Prefix(string prefix)
    {
        var start = Encoding.UTF8.GetBytes(prefix);
        var end = (byte[])start.Clone();
        end[^1]++; // Prefixes are ASCII: the last byte does not overflow.
        return Range(start, end);
    }

    public IEnumerable<MetaEntry> All() => _entries;

    private static MetaEntry Probe(byte[] key) => new(key, [], 0, 0, 0);

    private sealed class KeyOrder : IComparer<MetaEntry>
    {
        public static readonly KeyOrder Instance = new();

        public int Compare(MetaEntry? x, MetaEntry? y) => x!.Key.AsSpan().SequenceCompareTo(y!.Key); // The set holds no nulls.
    }
}
