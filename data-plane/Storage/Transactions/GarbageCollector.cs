using Cloud.Codec;
using Cloud.Engine;
using Cloud.Storage.Mvcc;
using Cloud.Storage.Regions;

namespace Cloud.Storage.Transactions;

/// <summary>
/// Deletes versions that no snapshot at or above the safe point can see: for each key, all below the newest at or
/// before the safe point, and that one too when it is a deletion or no data. Locks below the safe point have been
/// resolved before PD moved it.
/// <para>Deletes go through the log like every write, under the latches of their keys, so that a command that rewrites
/// an old record (an overlapped rollback) cannot bring a collected one back.</para>
/// Source: TiKV, <c>src/server/gc_worker</c>; Percolator §2 for what a snapshot sees.
/// </summary>
internal sealed class GarbageCollector(LocalStore store)
{
    private const int KeysPerCommand = 128;
    private const int DeletesPerCommandMax = 8192;

    /// <summary>Versions deleted since the process began.</summary>
    internal long Deleted { get; private set; }

    /// <summary>Collects everything below a safe point, in all regions.</summary>
    internal async Task RunAsync(ulong safePoint, CancellationToken cancellationToken)
    {
        foreach (var peer in store.Regions.Peers)
        {
            foreach (var prefix in (byte[])[DataPrefix.V1, DataPrefix.V2])
            {
                await CollectTransactionalAsync(peer, prefix, safePoint, cancellationToken);
            }

            await CollectRawAsync(peer, safePoint, cancellationToken);
        }
    }

    private static (byte[] Lower, byte[] Upper) RangeOf(RegionPeer peer, byte prefix)
    {
        var region = peer.Region;
        return ([prefix, .. region.StartKey.Span], region.EndKey.IsEmpty ? [DataPrefix.After(prefix)] : [prefix, .. region.EndKey.Span]);
    }

    private async Task CollectTransactionalAsync(
        RegionPeer peer, byte prefix, ulong safePoint, CancellationToken cancellationToken)
    {
        var (next, upper) = RangeOf(peer, prefix);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var keys = FindKeys(ref next, upper, safePoint);
            if (keys.Count == 0)
            {
                return;
            }

            foreach (var key in keys)
            {
                var more = true;
                while (more)
                {
                    var progress = new Progress();
                    var error = await store.RunAsync(
                        peer,
                        [key],
                        (key, safePoint, progress),
                        static (command, s) => Collect(command, s.key, s.safePoint, s.progress),
                        cancellationToken);
                    if (error is not null)
                    {
                        return; // The region is busy or gone; the next round comes back to it.
                    }

                    Deleted += progress.Deleted;
                    more = progress.Deleted >= DeletesPerCommandMax;
                }
            }
        }
    }

    /// <summary>The next keys that have something to collect; moves <paramref name="next"/> behind them.</summary>
    private List<byte[]> FindKeys(ref byte[] next, byte[] upper, ulong safePoint)
    {
        var keys = new List<byte[]>();
        using var iterator = store.Engine.Iterate(ColumnFamily.Write, next, upper);
        var key = Array.Empty<byte>();
        var keeps = false;
        for (var valid = iterator.SeekToFirst(); valid; valid = iterator.Next())
        {
            var current = DataKey.WithoutTimestamp(iterator.Key);
            if (!current.SequenceEqual(key))
            {
                if (keys.Count >= KeysPerCommand)
                {
                    next = current.ToArray();
                    return keys;
                }

                key = current.ToArray();
                keeps = false;
            }

            if (Tso.ReadSuffix(iterator.Key) > safePoint || (keys.Count > 0 && ReferenceEquals(keys[^1], key)))
            {
                continue;
            }

            if (keeps || WriteRecord.Parse(iterator.Value).Kind != WriteKind.Put)
            {
                keys.Add(key);
            }

            keeps = true;
        }

        next = upper;
        return keys;
    }

    private static void Collect(TxnCommand command, byte[] key, ulong safePoint, Progress progress)
    {
        var reader = command.Reader;
        var kept = false;
        ulong deletion = 0;
        for (var valid = reader.SeekWrite(key, safePoint, out var commit);
             valid && progress.Deleted < DeletesPerCommandMax;
             valid = reader.NextWrite(key, out commit))
        {
            var write = reader.CurrentWrite;
            if (!kept && write.Kind is WriteKind.Put or WriteKind.Delete)
            {
                kept = true;
                deletion = write.Kind == WriteKind.Delete ? commit : 0;
                continue;
            }

            command.DeleteWrite(key, commit);
            if (write.Kind == WriteKind.Put && !write.HasShortValue)
            {
                command.DeleteValue(key, write.StartTimestamp);
            }

            progress.Deleted++;
        }

        // A deletion goes last, together with the last of what it hides.
        if (deletion != 0 && progress.Deleted < DeletesPerCommandMax)
        {
            command.DeleteWrite(key, deletion);
            progress.Deleted++;
        }
    }

    /// <summary>
    /// Old versions of raw keys of API V2. A version's key is never written twice, so nothing needs to be latched.
    /// </summary>
    private async Task CollectRawAsync(RegionPeer peer, ulong safePoint, CancellationToken cancellationToken)
    {
        byte[] next = [DataPrefix.V2, (byte)'r'];
        byte[] upper = [DataPrefix.V2, (byte)'r' + 1];
        var now = (ulong)store.Time.GetUtcNow().ToUnixTimeSeconds();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var proposal = peer.Rent();
            FindRawVersions(ref next, upper, safePoint, now, peer, proposal.Command);
            var count = proposal.Command.Count;
            if (count == 0)
            {
                peer.Return(proposal);
                return;
            }

            if (await peer.ProposeAsync(proposal) is not null)
            {
                return;
            }

            Deleted += count;
        }
    }

    private void FindRawVersions(
        ref byte[] next, byte[] upper, ulong safePoint, ulong now, RegionPeer peer, Replication.WriteCommand command)
    {
        using var iterator = store.Engine.Iterate(ColumnFamily.Default, next, upper);
        var key = Array.Empty<byte>();
        var deadNewest = Array.Empty<byte>();
        for (var valid = iterator.SeekToFirst(); valid; valid = iterator.Next())
        {
            var current = DataKey.WithoutTimestamp(iterator.Key);
            if (command.Count >= DeletesPerCommandMax)
            {
                next = iterator.Key.ToArray();
                return;
            }

            // Raw reads take the newest version, so whatever has a newer one is dead; the newest when it is deleted or
            // expired, but it goes last, together with the last of what it hides.
            var isDue = Tso.ReadSuffix(iterator.Key) <= safePoint && peer.CheckKey(current[1..]) is null;
            if (!current.SequenceEqual(key))
            {
                DeleteLast(command, deadNewest);
                key = current.ToArray();
                deadNewest = isDue && !RawValue.ParseV2(iterator.Value).ExistsAt(now) ? iterator.Key.ToArray() : [];
            }
            else if (isDue)
            {
                command.Delete(ColumnFamily.Default, iterator.Key);
            }
        }

        DeleteLast(command, deadNewest);
        next = upper;
    }

    private static void DeleteLast(Replication.WriteCommand command, byte[] key)
    {
        if (key.Length > 0)
        {
            command.Delete(ColumnFamily.Default, key);
        }
    }

    private sealed class Progress
    {
        internal int Deleted { get; set; }
    }
}
