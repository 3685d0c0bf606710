using Cloud.Codec;
using Cloud.Kernel;

namespace Cloud.Pd.Tso;

/// <summary>
/// Hands out timestamps. Pure: it sees no clock and no disk; its owner tells it the time and persists its bound. Not thread-safe.
///
/// Invariants: a timestamp is greater than all before it, also across restarts and steps of the clock; its physical part is below a bound
/// that was durable before it was handed out. Therefore a successor that starts at the durable bound starts above every timestamp of its
/// predecessor, and what a crash loses is only unused timestamps, at most <see cref="LeaseMs"/> of them in physical time.
/// Source: PD's timestamp oracle (tikv/pd, pkg/tso): 18 logical bits, a tick of 50 ms, a saved bound 3 s ahead, a guard of 1 ms; unlike it,
/// an exhausted logical counter takes the next millisecond at once instead of waiting for the tick.
/// </summary>
internal sealed class TimestampOracle
{
    /// <summary>How far ahead of use the bound is made durable.</summary>
    public const long LeaseMs = 3000;

    /// <summary>Timestamps in one physical millisecond.</summary>
    public const long LogicalMax = 1L << Codec.Tso.LogicalBits;

    /// <summary>The bound is renewed when less than this is left. Chosen here: many ticks, and longer than a slow flush.</summary>
    private const long RenewMs = 1000;

    private long _physicalMs;
    private long _logical;
    private long _boundMs;

    /// <summary>The durable bound: physical parts handed out are below it.</summary>
    public long BoundMs => _boundMs;

    public long PhysicalMs => _physicalMs;

    /// <summary>The bound that must be durable before <see cref="Start"/>.</summary>
    public static long FirstBound(long durableBoundMs, long nowMs) => Math.Max(nowMs, durableBoundMs) + LeaseMs;

    /// <summary>Begins, with <see cref="FirstBound"/> made durable.</summary>
    /// <param name="durableBoundMs">The bound that the predecessor left, 0 for none.</param>
    /// <param name="nowMs">The wall clock; may be anything.</param>
    public void Start(long durableBoundMs, long nowMs)
    {
        Invariant.Require(_boundMs == 0, "an oracle starts once");
        _physicalMs = Math.Max(nowMs, durableBoundMs);
        _boundMs = FirstBound(durableBoundMs, nowMs);
    }

    /// <summary>
    /// Follows the wall clock as far as the bound allows. A clock that is behind is ignored.
    /// </summary>
    /// <returns>The bound to make durable and then hand to <see cref="Extend"/>; null when there is enough left.</returns>
    public long? Tick(long nowMs)
    {
        if (nowMs > _physicalMs && _physicalMs < _boundMs - 1)
        {
            (_physicalMs, _logical) = (Math.Min(nowMs, _boundMs - 1), 0);
        }
        else if (_logical > LogicalMax / 2)
        {
            NextMillisecond();
        }

        var wanted = Math.Max(nowMs, _physicalMs);
        return wanted + RenewMs >= _boundMs ? wanted + LeaseMs : null;
    }

    /// <summary>Takes note of a bound that has become durable.</summary>
    public void Extend(long durableBoundMs) => _boundMs = Math.Max(_boundMs, durableBoundMs);

    /// <summary>Takes <paramref name="count"/> consecutive timestamps.</summary>
    /// <param name="count">From 1 to <see cref="LogicalMax"/> − 1.</param>
    /// <param name="physicalMs">Physical part of all of them.</param>
    /// <param name="lastLogical">Logical part of the last; the first is count − 1 less.</param>
    /// <returns>False when the bound is reached: extend it and try again.</returns>
    public bool TryTake(long count, out long physicalMs, out long lastLogical)
    {
        Invariant.Require(count is > 0 and < LogicalMax, $"a batch has between 1 and {LogicalMax - 1} timestamps: {count}");
        if (_logical + count >= LogicalMax && !NextMillisecond())
        {
            physicalMs = lastLogical = 0;
            return false;
        }

        _logical += count;
        (physicalMs, lastLogical) = (_physicalMs, _logical);
        return true;
    }

    private bool NextMillisecond()
    {
        if (_physicalMs + 1 >= _boundMs)
        {
            return false;
        }

        (_physicalMs, _logical) = (_physicalMs + 1, 0);
        return true;
    }
}
