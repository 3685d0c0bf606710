using Cloud.Codec;
using Cloud.Rpc.Proto.Deadlock;
using Google.Protobuf;

namespace Cloud.Storage.Transactions;

/// <summary>
/// The graph of which transaction waits for which. An edge is added only when it closes no cycle; who would close one
/// is the victim. Edges live as long as the wait. Thread-safe. Source: TiKV,
/// <c>src/server/lock_manager/deadlock.rs</c>.
/// </summary>
internal sealed class DeadlockDetector
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, List<Edge>> _edges = [];

    /// <summary>Transactions that wait.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _edges.Count;
            }
        }
    }

    /// <summary>
    /// Records that a transaction waits for another, unless that would be a deadlock.
    /// </summary>
    /// <returns>Null; or the waits that would form the cycle, from the holder's to the one for the waiter.</returns>
    internal IReadOnlyList<WaitForEntry>? TryWait(ulong waiter, ulong holder, byte[] dataKey)
    {
        lock (_gate)
        {
            var path = new List<Edge>();
            if (FindPath(holder, waiter, path, []))
            {
                path.Add(new Edge(waiter, holder, dataKey));
                return path.ConvertAll(ToEntry);
            }

            if (!_edges.TryGetValue(waiter, out var list))
            {
                _edges[waiter] = list = [];
            }

            list.Add(new Edge(waiter, holder, dataKey));
            return null;
        }
    }

    /// <summary>Removes one edge.</summary>
    internal void Done(ulong waiter, ulong holder, byte[] dataKey)
    {
        lock (_gate)
        {
            if (!_edges.TryGetValue(waiter, out var list))
            {
                return;
            }

            var at = list.FindIndex(edge => edge.Holder == holder && edge.DataKey.AsSpan().SequenceEqual(dataKey));
            if (at >= 0)
            {
                list.RemoveAt(at);
            }

            if (list.Count == 0)
            {
                _edges.Remove(waiter);
            }
        }
    }

    private bool FindPath(ulong from, ulong to, List<Edge> path, HashSet<ulong> visited)
    {
        if (!visited.Add(from) || !_edges.TryGetValue(from, out var list))
        {
            return false;
        }

        foreach (var edge in list)
        {
            path.Add(edge);
            if (edge.Holder == to || FindPath(edge.Holder, to, path, visited))
            {
                return true;
            }

            path.RemoveAt(path.Count - 1);
        }

        return false;
    }

    private static WaitForEntry ToEntry(Edge edge) => new()
    {
        Txn = edge.Waiter,
        WaitForTxn = edge.Holder,
        KeyHash = Latches.HashOf(edge.DataKey),
        Key = ByteString.CopyFrom(DataKey.DecodeUserKey(edge.DataKey)),
    };

    private readonly record struct Edge(ulong Waiter, ulong Holder, byte[] DataKey);
}
