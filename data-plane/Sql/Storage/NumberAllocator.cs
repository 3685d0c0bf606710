using Cloud.KvClient;
using Cloud.Sql.Catalog;

namespace Cloud.Sql.Storage;

/// <summary>
/// AUTO_INCREMENT values and row ids, taken from storage in batches that grow while they are used up fast. The stored number is the
/// first that nobody has taken; a crash loses the rest of a batch and never gives a number twice. Thread-safe.
/// </summary>
internal sealed class NumberAllocator(IKvTransactions storage, TimeProvider clock)
{
    private const long BatchMin = 64;
    private const long BatchMax = 1 << 16;
    private const int RetriesMax = 64;
    private static readonly TimeSpan Fast = TimeSpan.FromSeconds(5);

    private readonly Dictionary<(long Table, bool RowId), Batch> _batches = [];

    private sealed class Batch : IDisposable
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public ulong Next { get; set; } = 1;

        /// <summary>Exclusive.</summary>
        public ulong End { get; set; } = 1;

        public long Size { get; set; } = BatchMin;

        public long TakenAt { get; set; }

        public void Dispose() => Gate.Dispose();
    }

    /// <summary>The first of <paramref name="count"/> consecutive numbers.</summary>
    /// <param name="max">Greatest value of the column.</param>
    /// <exception cref="SqlException">1467: the column's numbers are used up.</exception>
    public async ValueTask<ulong> NextAsync(long tableId, bool rowId, int count, ulong max, CancellationToken cancellationToken)
    {
        var batch = BatchOf(tableId, rowId);
        await batch.Gate.WaitAsync(cancellationToken);
        try
        {
            if (batch.End - batch.Next < (ulong)count)
            {
                await TakeAsync(tableId, rowId, batch, count, cancellationToken);
            }

            if (batch.Next > max || max - batch.Next < (ulong)(count - 1))
            {
                throw Errors.AutoIncrementExhausted();
            }

            var first = batch.Next;
            batch.Next += (ulong)count;
            return first;
        }
        finally
        {
            batch.Gate.Release();
        }
    }

    /// <summary>Makes sure that numbers up to <paramref name="value"/>, which a client gave itself, are not handed out later.</summary>
    public async ValueTask ObserveAsync(long tableId, ulong value, CancellationToken cancellationToken)
    {
        var batch = BatchOf(tableId, rowId: false);
        if (value < batch.Next)
        {
            return;
        }

        await batch.Gate.WaitAsync(cancellationToken);
        try
        {
            if (value < batch.Next)
            {
                return;
            }

            if (value >= batch.End)
            {
                await RaiseAsync(tableId, batch, value, cancellationToken);
            }

            batch.Next = value == ulong.MaxValue ? value : value + 1;
        }
        finally
        {
            batch.Gate.Release();
        }
    }

    /// <summary>The next number, without taking it.</summary>
    public async ValueTask<ulong> PeekAsync(long tableId, CancellationToken cancellationToken)
    {
        var batch = BatchOf(tableId, rowId: false);
        await batch.Gate.WaitAsync(cancellationToken);
        try
        {
            return batch.Next < batch.End
                ? batch.Next
                : Math.Max(1, (ulong)CatalogKeys.ReadNumber(
                    await storage.GetSnapshot(ulong.MaxValue).GetAsync(CatalogKeys.AutoIncrement(tableId), cancellationToken)));
        }
        finally
        {
            batch.Gate.Release();
        }
    }

    /// <summary>Forgets what was taken, after the stored number was set.</summary>
    public void Forget(long tableId)
    {
        lock (_batches)
        {
            _batches.Remove((tableId, false));
            _batches.Remove((tableId, true));
        }
    }

    private Batch BatchOf(long tableId, bool rowId)
    {
        lock (_batches)
        {
            if (!_batches.TryGetValue((tableId, rowId), out var batch))
            {
                _batches.Add((tableId, rowId), batch = new Batch());
            }

            return batch;
        }
    }

    private async ValueTask TakeAsync(long tableId, bool rowId, Batch batch, int count, CancellationToken cancellationToken)
    {
        var now = clock.GetTimestamp();
        batch.Size = batch.TakenAt != 0 && clock.GetElapsedTime(batch.TakenAt, now) < Fast
            ? Math.Min(batch.Size * 2, BatchMax)
            : Math.Max(batch.Size / 2, BatchMin);
        batch.TakenAt = now;
        var size = (ulong)Math.Max(batch.Size, count);
        var key = rowId ? CatalogKeys.RowId(tableId) : CatalogKeys.AutoIncrement(tableId);
        var first = await UpdateAsync(key, next => next > ulong.MaxValue - size ? ulong.MaxValue : next + size, cancellationToken);
        batch.Next = first;
        batch.End = first > ulong.MaxValue - size ? ulong.MaxValue : first + size;
    }

    private async ValueTask RaiseAsync(long tableId, Batch batch, ulong value, CancellationToken cancellationToken)
    {
        var wanted = value >= ulong.MaxValue - BatchMin ? ulong.MaxValue : value + 1 + BatchMin;
        var stored = await UpdateAsync(
            CatalogKeys.AutoIncrement(tableId), next => next > value ? next : wanted, cancellationToken);

        // Where another node was ahead, the batch is used up and the next call takes a new one.
        batch.End = stored > value ? value == ulong.MaxValue ? value : value + 1 : wanted;
    }

    /// <summary>Replaces the stored number by a function of it and returns what it was.</summary>
    private async ValueTask<ulong> UpdateAsync(byte[] key, Func<ulong, ulong> change, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            var start = await storage.GetTimestampAsync(cancellationToken);
            await using var transaction = storage.Begin(start, TransactionMode.Optimistic);
            try
            {
                var before = Math.Max(1, (ulong)CatalogKeys.ReadNumber(await transaction.GetAsync(key, cancellationToken)));
                var after = change(before);
                if (after != before)
                {
                    transaction.Set(key, CatalogKeys.Number((long)after));
                    await transaction.CommitAsync(cancellationToken);
                }

                return before;
            }
            catch (KvException exception) when (exception.Code == KvErrorCode.WriteConflict && attempt < RetriesMax)
            {
                // Another node took numbers meanwhile; the next attempt reads what it left.
            }
        }
    }
}
