using Cloud.Codec;

namespace Cloud.Engine.Memory;

/// <summary>
/// An immutable sorted map of byte strings: updates give a new root and share all untouched nodes, so a root is a
/// snapshot.
/// Source: Seidel, Aragon, "Randomized Search Trees" (treap); priorities are a hash of the key, so that shape depends
/// on content alone.
/// </summary>
internal sealed class SortedTree
{
    private readonly uint _priority;
    private readonly SortedTree? _left;
    private readonly SortedTree? _right;

    private SortedTree(byte[] key, byte[] value, uint priority, SortedTree? left, SortedTree? right)
    {
        Key = key;
        Value = value;
        _priority = priority;
        _left = left;
        _right = right;
    }

    internal byte[] Key { get; }

    internal byte[] Value { get; }

    internal static SortedTree Put(SortedTree? root, byte[] key, byte[] value)
    {
        var (left, right) = Split(root, key, includeEqualInLeft: false);
        (_, right) = Split(right, key, includeEqualInLeft: true);
        var node = new SortedTree(key, value, Crc32C.Compute(key) * 0x9E3779B1, left: null, right: null);
        return Merge(Merge(left, node), right)!; // holds at least the node
    }

    internal static SortedTree? Delete(SortedTree? root, ReadOnlySpan<byte> key)
    {
        var (left, right) = Split(root, key, includeEqualInLeft: false);
        (_, right) = Split(right, key, includeEqualInLeft: true);
        return Merge(left, right);
    }

    /// <summary>Without [lower, upper).</summary>
    internal static SortedTree? DeleteRange(SortedTree? root, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper)
    {
        if (lower.SequenceCompareTo(upper) >= 0)
        {
            return root;
        }

        var (left, rest) = Split(root, lower, includeEqualInLeft: false);
        var (_, right) = Split(rest, upper, includeEqualInLeft: false);
        return Merge(left, right);
    }

    internal static SortedTree? Find(SortedTree? root, ReadOnlySpan<byte> key)
    {
        while (root is not null)
        {
            var order = key.SequenceCompareTo(root.Key);
            if (order == 0)
            {
                return root;
            }

            root = order < 0 ? root._left : root._right;
        }

        return null;
    }

    /// <summary>The first entry after <paramref name="key"/>, or at it when <paramref name="orEqual"/>.</summary>
    internal static SortedTree? After(SortedTree? root, ReadOnlySpan<byte> key, bool orEqual)
    {
        SortedTree? found = null;
        while (root is not null)
        {
            var order = key.SequenceCompareTo(root.Key);
            if (order < 0 || (order == 0 && orEqual))
            {
                found = root;
                root = root._left;
            }
            else
            {
                root = root._right;
            }
        }

        return found;
    }

    /// <summary>The last entry before <paramref name="key"/>, or at it when <paramref name="orEqual"/>.</summary>
    internal static SortedTree? Before(SortedTree? root, ReadOnlySpan<byte> key, bool orEqual)
    {
        SortedTree? found = null;
        while (root is not null)
        {
            var order = key.SequenceCompareTo(root.Key);
            if (order > 0 || (order == 0 && orEqual))
            {
                found = root;
                root = root._right;
            }
            else
            {
                root = root._left;
            }
        }

        return found;
    }

    internal static SortedTree? Last(SortedTree? root)
    {
        while (root?._right is not null)
        {
            root = root._right;
        }

        return root;
    }

    private static (SortedTree? Left, SortedTree? Right) Split(SortedTree? root, ReadOnlySpan<byte> key, bool includeEqualInLeft)
    {
        if (root is null)
        {
            return (null, null);
        }

        var order = root.Key.AsSpan().SequenceCompareTo(key);
        if (order < 0 || (order == 0 && includeEqualInLeft))
        {
            var (left, right) = Split(root._right, key, includeEqualInLeft);
            return (root.With(root._left, left), right);
        }
        else
        {
            var (left, right) = Split(root._left, key, includeEqualInLeft);
            return (left, root.With(right, root._right));
        }
    }

    private static SortedTree? Merge(SortedTree? left, SortedTree? right)
    {
        if (left is null || right is null)
        {
            return left ?? right;
        }

        return left._priority >= right._priority
            ? left.With(left._left, Merge(left._right, right))
            : right.With(Merge(left, right._left), right._right);
    }

    private SortedTree With(SortedTree? left, SortedTree? right) =>
        ReferenceEquals(left, _left) && ReferenceEquals(right, _right) ? this : new(Key, Value, _priority, left, right);
}
