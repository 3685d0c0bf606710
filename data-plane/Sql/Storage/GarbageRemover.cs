using Cloud.Codec.Tables;
using Cloud.KvClient;
using Cloud.Sql.Catalog;

namespace Cloud.Sql.Storage;

/// <summary>
/// Removes the rows of dropped tables and the entries of dropped indexes, from the notes that the drop left in its own transaction. A
/// crash leaves the note, and the work starts over; removing twice does no harm.
/// </summary>
internal sealed class GarbageRemover(IKvTransactions storage)
{
    private const int BatchKeys = 512;

    /// <summary>Works off all notes that are there.</summary>
    public async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        var timestamp = await storage.GetTimestampAsync(cancellationToken);
        var notes = new List<KeyValue>();
        await foreach (var batch in storage.GetSnapshot(timestamp).ScanAsync(
            CatalogKeys.Garbage, TableKeys.PrefixEnd(CatalogKeys.Garbage), 0, reverse: false, cancellationToken))
        {
            notes.AddRange(batch);
        }

        foreach (var note in notes)
        {
            await RemoveAsync(CatalogKeys.GarbagePrefix(note.Key), cancellationToken);
            await DeleteAsync([note.Key], cancellationToken);
        }
    }

    private async ValueTask RemoveAsync(byte[] prefix, CancellationToken cancellationToken)
    {
        while (true)
        {
            var timestamp = await storage.GetTimestampAsync(cancellationToken);
            var keys = new List<byte[]>();
            await foreach (var batch in storage.GetSnapshot(timestamp).ScanAsync(
                prefix, TableKeys.PrefixEnd(prefix), BatchKeys, reverse: false, cancellationToken))
            {
                keys.AddRange(batch.Select(pair => pair.Key));
            }

            if (keys.Count == 0)
            {
                return;
            }

            await DeleteAsync(keys, cancellationToken);
        }
    }

    private async ValueTask DeleteAsync(List<byte[]> keys, CancellationToken cancellationToken)
    {
        var start = await storage.GetTimestampAsync(cancellationToken);
        await using var transaction = storage.Begin(start, TransactionMode.Optimistic);
        foreach (var key in keys)
        {
            transaction.Delete(key);
        }

        await transaction.CommitAsync(cancellationToken);
    }
}
