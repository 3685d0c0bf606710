using Cloud.Kernel;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Kvrpcpb;
using Shouldly;
using Xunit;
using static Cloud.DataPlane.Tests.Storage.TestStore;
using PessimisticAction = Cloud.Rpc.Proto.Kvrpcpb.PrewriteRequest.Types.PessimisticAction;

namespace Cloud.DataPlane.Tests.Storage;

/// <summary>
/// Random transactions of every kind, step by step in a random interleaving, beside a naive model: the list of what was
/// committed when. Whatever the store answers, snapshots have to show exactly the commits at or below them.
/// </summary>
public sealed class MvccModelTests
{
    private const int Keys = 12;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Random_transactions_match_a_naive_model(ulong seed)
    {
        await using var store = await TestStore.OpenAsync();
        var run = new Run(store, seed);
        for (var step = 0; step < 250; step++)
        {
            await run.StepAsync(step);
        }

        run.Committed.ShouldBeGreaterThan(20, $"seed {seed}");
    }

    private sealed class Run(TestStore store, ulong seed)
    {
        private readonly SeededRandom _random = new(seed);
        private readonly List<Commit> _commits = [];
        private readonly List<Open> _open = [];

        internal int Committed => _commits.Count;

        internal async Task StepAsync(int step)
        {
            switch (_random.Next(10))
            {
                case < 3:
                    await BeginAsync(step);
                    break;
                case < 6 when _open.Count > 0:
                    await EndAsync(_open[_random.Next(_open.Count)], step);
                    break;
                case < 7 when _open.Count > 0:
                    await ResolveAsync(_open[_random.Next(_open.Count)], step);
                    break;
                default:
                    await CompareAsync(step);
                    break;
            }
        }

        private static string Key(int i) => $"k{i:D2}";

        private async Task BeginAsync(int step)
        {
            var start = store.Ts();
            var keys = Enumerable.Range(0, Keys).Where(_ => _random.Chance(0.25)).Select(Key).ToList();
            if (keys.Count == 0)
            {
                return;
            }

            var writes = keys.Select(k => (k, _random.Chance(0.2) ? null : $"{step}" + new string('.', _random.Next(2) * 300))).ToArray();
            var request = store.PrewriteOf(start, writes);
            var isPessimistic = _random.Chance(0.3);
            if (isPessimistic)
            {
                var forUpdate = store.Ts();
                var locked = await store.LockKeys(start, forUpdate, [.. keys]);
                if (locked.Errors.Count > 0)
                {
                    return;
                }

                request.ForUpdateTs = forUpdate;
                request.PessimisticActions.AddRange(keys.Select(_ => PessimisticAction.DoPessimisticCheck));
            }

            var kind = _random.Next(3);
            request.TryOnePc = kind == 0;
            request.UseAsyncCommit = kind == 1;
            if (kind == 1)
            {
                request.Secondaries.AddRange(keys.Skip(1).Select(B));
            }

            var response = await store.Send(request);
            response.RegionError.ShouldBeNull();
            if (response.Errors.Count > 0)
            {
                isPessimistic.ShouldBeFalse(
                    $"seed {seed}, step {step}: a locked key does not conflict: {response.Errors[0]}");
                var hasReason = keys.Any(k =>
                    LockedBy(k) || _commits.Any(c => c.Timestamp > start && c.Writes.ContainsKey(k)));
                hasReason.ShouldBeTrue($"seed {seed}, step {step}: {response.Errors[0]}");
                return;
            }

            var open = new Open(start, writes.ToDictionary(w => w.k, w => w.Item2), response.MinCommitTs);
            if (kind == 0)
            {
                response.OnePcCommitTs.ShouldBeGreaterThan(start);
                _commits.Add(new Commit(response.OnePcCommitTs, open.Writes));
                return;
            }

            _open.Add(open);
        }

        private bool LockedBy(string key) => _open.Any(o => o.Writes.ContainsKey(key));

        private async Task EndAsync(Open open, int step)
        {
            _open.Remove(open);
            string[] keys = [.. open.Writes.Keys];
            if (open.MinCommit == 0 && _random.Chance(0.3))
            {
                (await store.Rollback(open.Start, keys)).Error.ShouldBeNull($"seed {seed}, step {step}");
                (await store.Commit(open.Start, store.Ts(), keys)).Error.TxnLockNotFound.ShouldNotBeNull();
                return;
            }

            var commit = Math.Max(open.MinCommit, open.MinCommit == 0 ? store.Ts() : 0);
            (await store.Commit(open.Start, commit, keys)).Error.ShouldBeNull($"seed {seed}, step {step}");
            _commits.Add(new Commit(commit, open.Writes));
        }

        /// <summary>Another finds the locks after their owner died.</summary>
        private async Task ResolveAsync(Open open, int step)
        {
            _open.Remove(open);
            string[] keys = [.. open.Writes.Keys];
            var later = open.Start + (60_000UL << 18);
            store.Pd.Advance(later);
            var status = await store.CheckStatus(keys[0], open.Start, later);
            status.Error.ShouldBeNull($"seed {seed}, step {step}");
            ulong commit = 0;
            if (status.LockInfo is { UseAsyncCommit: true } primary)
            {
                var secondaries = await store.Call(TikvMethods.KvCheckSecondaryLocks, new CheckSecondaryLocksRequest
                {
                    Context = store.Context, StartVersion = open.Start, Keys = { primary.Secondaries },
                });
                secondaries.Locks.Count.ShouldBe(keys.Length - 1);
                commit = secondaries.Locks.Select(l => l.MinCommitTs).Append(primary.MinCommitTs).Max();
                _commits.Add(new Commit(commit, open.Writes));
            }

            var resolved = await store.Call(TikvMethods.KvResolveLock, new ResolveLockRequest
            {
                Context = store.Context, StartVersion = open.Start, CommitVersion = commit,
            });
            resolved.Error.ShouldBeNull($"seed {seed}, step {step}");
        }

        private async Task CompareAsync(int step)
        {
            // A snapshot of the past, of now, and the locks that are in the way of each.
            var ts = _random.Chance(0.5) ? store.Ts() : Math.Max(store.Ts() - (ulong)_random.Next(1, 200), 1);
            var expected = new List<string>();
            for (var i = 0; i < Keys; i++)
            {
                var key = Key(i);
                if (_open.Any(o => o.Start <= ts && (o.MinCommit == 0 || o.MinCommit <= ts)
                    && o.Writes.ContainsKey(key)))
                {
                    expected.Add($"!{key}");
                    (await store.Get(key, ts)).ShouldBe("locked", $"seed {seed}, step {step}, key {key}");
                    continue;
                }

                var newest = _commits
                    .Where(c => c.Timestamp <= ts && c.Writes.ContainsKey(key))
                    .MaxBy(c => c.Timestamp);
                var value = newest?.Writes[key];
                (await store.Get(key, ts)).ShouldBe(value ?? "-", $"seed {seed}, step {step}, key {key}, ts {ts}");
                if (value is not null)
                {
                    expected.Add($"{key}={value}");
                }
            }

            var forward = string.Join(' ', expected);
            expected.Reverse();
            var backward = string.Join(' ', expected);
            (await store.Scan("", "", ts)).ShouldBe(forward, $"seed {seed}, step {step}, ts {ts}");
            (await store.Scan("z", "", ts, reverse: true)).ShouldBe(backward, $"seed {seed}, step {step}, ts {ts}");
        }

        private sealed record Commit(ulong Timestamp, Dictionary<string, string?> Writes);

        private sealed record Open(ulong Start, Dictionary<string, string?> Writes, ulong MinCommit);
    }
}
