namespace Cloud.Engine.Memory;

internal sealed class MemoryWriteBatch : IKvWriteBatch
{
    private readonly List<Operation> _operations = [];

    private enum Kind
    {
        Put,
        Delete,
        DeleteRange,
    }

    public int Count => _operations.Count;

    public void Put(ColumnFamily family, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        _operations.Add(new Operation(Kind.Put, family, key.ToArray(), value.ToArray()));

    public void Delete(ColumnFamily family, ReadOnlySpan<byte> key) =>
        _operations.Add(new Operation(Kind.Delete, family, key.ToArray(), []));

    public void DeleteRange(ColumnFamily family, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper) =>
        _operations.Add(new Operation(Kind.DeleteRange, family, lower.ToArray(), upper.ToArray()));

    public void Clear() => _operations.Clear();

    public void Dispose() => _operations.Clear();

    internal SortedTree?[] Apply(SortedTree?[] roots)
    {
        var next = (SortedTree?[])roots.Clone();
        foreach (var operation in _operations)
        {
            ref var root = ref next[(int)operation.Family];
            root = operation.Kind switch
            {
                Kind.Put => SortedTree.Put(root, operation.Key, operation.Value),
                Kind.Delete => SortedTree.Delete(root, operation.Key),
                _ => SortedTree.DeleteRange(root, operation.Key, operation.Value),
            };
        }

        return next;
    }

    private readonly record struct Operation(Kind Kind, ColumnFamily Family, byte[] Key, byte[] Value);
}
