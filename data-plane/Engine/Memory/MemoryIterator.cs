namespace Cloud.Engine.Memory;

internal sealed class MemoryIterator(SortedTree? root, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper) : IKvIterator
{
    private readonly byte[] _lower = lower.ToArray();
    private readonly byte[] _upper = upper.ToArray();
    private SortedTree? _current;

    public bool IsValid => _current is not null;

    public ReadOnlySpan<byte> Key => _current!.Key; // the contract: only while valid

    public ReadOnlySpan<byte> Value => _current!.Value; // the contract: only while valid

    public bool Seek(ReadOnlySpan<byte> key) =>
        Stand(SortedTree.After(root, key.SequenceCompareTo(_lower) < 0 ? _lower : key, orEqual: true));

    public bool SeekForPrevious(ReadOnlySpan<byte> key) =>
        _upper.Length > 0 && key.SequenceCompareTo(_upper) >= 0
            ? SeekToLast()
            : Stand(SortedTree.Before(root, key, orEqual: true));

    public bool SeekToFirst() => Stand(SortedTree.After(root, _lower, orEqual: true));

    public bool SeekToLast() =>
        Stand(_upper.Length == 0 ? SortedTree.Last(root) : SortedTree.Before(root, _upper, orEqual: false));

    public bool Next() => Stand(SortedTree.After(root, Key, orEqual: false));

    public bool Previous() => Stand(SortedTree.Before(root, Key, orEqual: false));

    public void Dispose() => _current = null;

    private bool Stand(SortedTree? node)
    {
        var inside = node is not null
            && node.Key.AsSpan().SequenceCompareTo(_lower) >= 0
            && (_upper.Length == 0 || node.Key.AsSpan().SequenceCompareTo(_upper) < 0);
        _current = inside ? node : null;
        return inside;
    }
}
