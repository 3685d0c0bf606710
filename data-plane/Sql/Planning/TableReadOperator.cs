using Cloud.Codec.Tables;
using Cloud.Execution.Chunks;
using Cloud.Execution.Operators;
using Cloud.Execution.Types;
using Cloud.KvClient;
using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;
using Cloud.Sql.Storage;
using KeyPair = Cloud.KvClient.KeyValue;

namespace Cloud.Sql.Planning;

/// <summary>
/// Reads rows in batches: by single keys, by ranges of rows, or by ranges of an index followed by lookups. With locking it locks the rows
/// that meet the conditions and gives them as they are under the lock, so that what is written from them is based on current data.
/// </summary>
internal sealed class TableReadOperator : Operator
{
    private const int LookupBatchMin = 32;

    private readonly TableReadPlan _plan;
    private readonly PlanRuntime _runtime;
    private readonly TableCodec _codec;
    private readonly Chunk _read;
    private readonly Chunk _kept;
    private readonly VectorExpression? _condition;
    private readonly int[] _selected = new int[Chunk.RowsMax];
    private readonly List<KeyPair> _pending = [];
    private IAsyncEnumerator<IReadOnlyList<KeyPair>>? _source;

    public TableReadOperator(TableReadPlan plan, PlanRuntime runtime)
    {
        _plan = plan;
        _runtime = runtime;
        _codec = new TableCodec(plan.Relation.Table, runtime.Context.TimeZone);
        Types = [.. plan.Columns.Select(column => column.Type)];
        _read = Chunk.Of(Types);
        _kept = Chunk.Of(Types);
        _condition = plan.Condition is null ? null : runtime.Compiler(plan.Columns).Compile(plan.Condition);
    }

    public override IReadOnlyList<FieldType> Types { get; }

    private TableDefinition Table => _plan.Relation.Table;

    public override async ValueTask<Chunk?> NextAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        _source ??= OpenAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            while (_pending.Count < Chunk.RowsMax && await _source.MoveNextAsync())
            {
                _pending.AddRange(_source.Current);
                if (_pending.Count >= (_plan.LimitHint is null ? LookupBatchMin : 1))
                {
                    break;
                }
            }

            if (_pending.Count == 0)
            {
                return null;
            }

            var count = Math.Min(_pending.Count, Chunk.RowsMax);
            var pairs = _pending.GetRange(0, count);
            _pending.RemoveRange(0, count);
            if (await ChunkOfAsync(pairs, context, cancellationToken) is { } chunk)
            {
                return chunk;
            }
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (_source is not null)
        {
            await _source.DisposeAsync();
        }

        _codec.Dispose();
        _read.Dispose();
        _kept.Dispose();
    }

    private async ValueTask<Chunk?> ChunkOfAsync(List<KeyPair> pairs, EvaluationContext context, CancellationToken cancellationToken)
    {
        var kept = Decode(pairs, context);
        if (kept > 0 && _runtime.Locking is { } locking)
        {
            kept = await LockAsync(pairs, kept, locking, context, cancellationToken);
        }

        if (kept == 0)
        {
            return null;
        }

        if (kept == _read.PhysicalRows)
        {
            return _read;
        }

        _read.Select(_selected.AsSpan(0, kept));
        _read.Compact(_kept);
        _read.ClearSelection();
        return _kept;
    }

    /// <summary>Fills the chunk and returns how many rows meet the conditions; their numbers are in <see cref="_selected"/>.</summary>
    private int Decode(List<KeyPair> pairs, EvaluationContext context)
    {
        _read.Reset();
        foreach (var pair in pairs)
        {
            if (IsIndexEntry(pair.Key))
            {
                DecodeEntry(pair);
            }
            else
            {
                _codec.Decode(pair.Key, pair.Value, _plan.Ordinals, _read);
            }
        }

        if (_condition is not null)
        {
            return FilterOperator.Select(_condition, _read, context, _selected);
        }

        for (var i = 0; i < pairs.Count; i++)
        {
            _selected[i] = i;
        }

        return pairs.Count;
    }

    private async ValueTask<int> LockAsync(
        List<KeyPair> pairs, int kept, RowLocking locking, EvaluationContext context, CancellationToken cancellationToken)
    {
        var keys = new List<ReadOnlyMemory<byte>>(kept);
        for (var i = 0; i < kept; i++)
        {
            keys.Add(pairs[_selected[i]].Key);
        }

        var wait = locking.Policy == LockWaitPolicy.Wait ? locking.Wait : TimeSpan.Zero;
        var current = await locking.Transaction.LockAsync(keys, wait, cancellationToken);
        var unchanged = current.Count == kept;
        for (var i = 0; i < kept && unchanged; i++)
        {
            var read = pairs[_selected[i]];
            var found = current.FirstOrDefault(pair => pair.Key.AsSpan().SequenceEqual(read.Key));
            unchanged = found.Key is not null && found.Value.AsSpan().SequenceEqual(read.Value);
        }

        // Somebody changed rows between the read and the lock: what counts is what they are now.
        return unchanged ? kept : Decode([.. current], context);
    }

    private static bool IsIndexEntry(byte[] key) => key.Length > TableKeys.RowPrefixBytes && key[10] == 'i';

    private void DecodeEntry(KeyPair entry)
    {
        var index = _plan.Path.Index!; // Only an index path reads entries.
        var handle = _codec.HandleOfEntry(index, entry.Key, entry.Value);
        for (var i = 0; i < _plan.Ordinals.Length; i++)
        {
            var ordinal = _plan.Ordinals[i];
            if (ordinal == Table.Columns.Count || ordinal == Table.HandleColumn)
            {
                _codec.AppendHandle(TableKeys.ReadInt64(handle), _read[i]);
                continue;
            }

            ReadOnlySpan<byte> rest = entry.Key.AsSpan(TableKeys.IndexPrefixBytes);
            foreach (var part in index.Parts)
            {
                var length = TableCodec.DatumLength(rest);
                if (part.Column == ordinal)
                {
                    ColumnEncoding.AppendFromKey(rest[..length], Table.Columns[ordinal].Type, _read[i], _runtime.Context.TimeZone);
                    break;
                }

                rest = rest[length..];
            }
        }

        if (_plan.Ordinals.Length == 0)
        {
            _read.SetRowsWithoutColumns(_read.PhysicalRows + 1);
        }
    }

    private IAsyncEnumerable<IReadOnlyList<KeyPair>> OpenAsync(CancellationToken cancellationToken)
    {
        var ranges = new KeyRanges(Table, _plan.Path, _runtime).Compute();
        if (_plan.Reverse)
        {
            ranges.Reverse();
        }

        var index = _plan.Path.Index;
        if (index is null || index.Primary)
        {
            return _plan.Path.IsPoint && ranges.Count > 0
                ? PointsAsync([.. ranges.Select(range => (ReadOnlyMemory<byte>)range.Start)], cancellationToken)
                : ScanAsync(ranges, cancellationToken);
        }

        var entries = _plan.Path.IsPoint && ranges.Count > 0
            ? PointsAsync([.. ranges.Select(range => (ReadOnlyMemory<byte>)range.Start)], cancellationToken)
            : ScanAsync(ranges, cancellationToken);
        return _plan.IsCovering && _runtime.Locking is null ? entries : LookupAsync(index, entries, cancellationToken);
    }

    private async IAsyncEnumerable<IReadOnlyList<KeyPair>> PointsAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> keys, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (keys.Count == 1)
        {
            if (await _runtime.Snapshot.GetAsync(keys[0], cancellationToken) is { } value)
            {
                yield return [new KeyPair(keys[0].ToArray(), value)];
            }

            yield break;
        }

        for (var at = 0; at < keys.Count; at += Chunk.RowsMax)
        {
            var found = await _runtime.Snapshot.BatchGetAsync([.. keys.Skip(at).Take(Chunk.RowsMax)], cancellationToken);
            if (found.Count > 0)
            {
                yield return found;
            }
        }
    }

    private async IAsyncEnumerable<IReadOnlyList<KeyPair>> ScanAsync(
        List<KeyRange> ranges, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var limit = 0;
        if (_plan.LimitHint is { } hint && _condition is null)
        {
            var most = (UInt128)_runtime.LimitOf(hint.Count) + _runtime.LimitOf(hint.Offset);
            limit = most > 0 && most <= int.MaxValue ? (int)most : 0;
        }

        var given = 0;
        foreach (var range in ranges)
        {
            await foreach (var batch in _runtime.Snapshot.ScanAsync(
                range.Start, range.End, limit == 0 ? 0 : limit - given, _plan.Reverse, cancellationToken))
            {
                given += batch.Count;
                yield return batch;
            }

            if (limit > 0 && given >= limit)
            {
                yield break;
            }
        }
    }

    /// <summary>Fetches the rows that index entries point at, in the order of the entries, in batches that grow.</summary>
    private async IAsyncEnumerable<IReadOnlyList<KeyPair>> LookupAsync(
        IndexDefinition index,
        IAsyncEnumerable<IReadOnlyList<KeyPair>> entries,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var batchRows = LookupBatchMin;
        var keys = new List<ReadOnlyMemory<byte>>();
        await foreach (var batch in entries.WithCancellation(cancellationToken))
        {
            foreach (var entry in batch)
            {
                keys.Add(_codec.RowKey(_codec.HandleOfEntry(index, entry.Key, entry.Value)));
                if (keys.Count == batchRows)
                {
                    yield return await FetchAsync(keys, cancellationToken);
                    keys.Clear();
                    batchRows = Math.Min(batchRows * 2, Chunk.RowsMax);
                }
            }
        }

        if (keys.Count > 0)
        {
            yield return await FetchAsync(keys, cancellationToken);
        }
    }

    private async ValueTask<IReadOnlyList<KeyPair>> FetchAsync(List<ReadOnlyMemory<byte>> keys, CancellationToken cancellationToken)
    {
        if (keys.Count == 1)
        {
            var value = await _runtime.Snapshot.GetAsync(keys[0], cancellationToken);
            return value is null ? [] : [new KeyPair(keys[0].ToArray(), value)];
        }

        var found = await _runtime.Snapshot.BatchGetAsync(keys, cancellationToken);
        var byKey = found.ToDictionary(pair => new KeyText(pair.Key));
        var ordered = new List<KeyPair>(found.Count);
        foreach (var key in keys)
        {
            if (byKey.TryGetValue(new KeyText(key), out var pair))
            {
                ordered.Add(pair);
            }
        }

        return ordered;
    }

    private readonly struct KeyText(ReadOnlyMemory<byte> bytes) : IEquatable<KeyText>
    {
        private readonly ReadOnlyMemory<byte> _bytes = bytes;

        public bool Equals(KeyText other) => _bytes.Span.SequenceEqual(other._bytes.Span);

        public override bool Equals(object? obj) => obj is KeyText other && Equals(other);

        public override int GetHashCode()
        {
            var hash = default(HashCode);
            hash.AddBytes(_bytes.Span);
            return hash.ToHashCode();
        }
    }
}
