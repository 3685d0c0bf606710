namespace Cloud.KvClient.Transactions;

/// <summary>
/// Decisions met lately, so that a transaction with many locks is asked about once. Two generations: when the newer is full it becomes the
/// older, and the older is forgotten. Thread-safe.
/// </summary>
internal sealed class FateMemory
{
    /// <summary>Decisions in a generation. Source: client-go's resolved cache, 2048.</summary>
    private const int GenerationMax = 1024;

    private readonly Lock _gate = new();
    private Dictionary<ulong, ulong> _newer = [];
    private Dictionary<ulong, ulong> _older = [];

    /// <param name="startTimestamp">Of the transaction.</param>
    /// <param name="commitTimestamp">0 for rolled back.</param>
    public bool TryGet(ulong startTimestamp, out ulong commitTimestamp)
    {
        lock (_gate)
        {
            return _newer.TryGetValue(startTimestamp, out commitTimestamp) || _older.TryGetValue(startTimestamp, out commitTimestamp);
        }
    }

    public void Add(ulong startTimestamp, ulong commitTimestamp)
    {
        lock (_gate)
        {
            if (_newer.Count >= GenerationMax)
            {
                (_older, _newer) = (_newer, []);
            }

            _newer[startTimestamp] = commitTimestamp;
        }
    }
}
