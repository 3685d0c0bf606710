using Cloud.Kernel;
using Cloud.Pd.Tso;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Cloud.DataPlane.Tests.Pd;

public sealed class TimestampOracleTests(ITestOutputHelper output)
{
    [Fact]
    public void Timestamps_only_grow_through_clock_steps_crashes_and_slow_disks()
    {
        for (var seed = 1UL; seed <= 200; seed++)
        {
            RunHistory(seed);
        }
    }

    [Fact]
    public void A_batch_is_the_last_of_consecutive_timestamps()
    {
        var oracle = Started(nowMs: 1000);
        oracle.TryTake(10, out var firstPhysical, out var firstLast).ShouldBeTrue();
        oracle.TryTake(5, out var secondPhysical, out var secondLast).ShouldBeTrue();
        (firstPhysical, firstLast).ShouldBe((1000, 10));
        (secondPhysical, secondLast).ShouldBe((1000, 15));
    }

    [Fact]
    public void An_exhausted_millisecond_is_followed_by_the_next_without_a_tick()
    {
        var oracle = Started(nowMs: 1000);
        oracle.TryTake(TimestampOracle.LogicalMax - 1, out _, out var last).ShouldBeTrue();
        last.ShouldBe(TimestampOracle.LogicalMax - 1);
        oracle.TryTake(1, out var physical, out last).ShouldBeTrue();
        (physical, last).ShouldBe((1001, 1));
    }

    [Fact]
    public void Nothing_is_handed_out_at_or_above_the_durable_bound()
    {
        var oracle = Started(nowMs: 1000);
        while (oracle.TryTake(TimestampOracle.LogicalMax - 1, out var physical, out _))
        {
            physical.ShouldBeLessThan(oracle.BoundMs);
        }

        oracle.Tick(500).ShouldNotBeNull();
        oracle.TryTake(TimestampOracle.LogicalMax - 1, out _, out _).ShouldBeFalse("the new bound is not durable yet");
    }

    private static TimestampOracle Started(long nowMs)
    {
        var oracle = new TimestampOracle();
        oracle.Start(durableBoundMs: 0, nowMs);
        return oracle;
    }

    /// <summary>A random history: takes, ticks, clock jumps, and crashes between writing a bound and learning that it was written.</summary>
    private void RunHistory(ulong seed)
    {
        var random = new SeededRandom(seed);
        var (nowMs, durableMs, newest) = (1_700_000_000_000L, 0L, (Physical: 0L, Logical: 0L));
        TimestampOracle? oracle = null;
        for (var step = 0; step < 400; step++)
        {
            nowMs += random.Next(200) switch { 0 => -random.Next(100_000_000), 1 => random.Next(100_000_000), < 20 => 0, var ms => ms };
            if (oracle is null || random.Chance(0.02))
            {
                var first = TimestampOracle.FirstBound(durableMs, nowMs);
                oracle = new TimestampOracle();
                oracle.Start(durableMs, nowMs);
                durableMs = first;
            }

            if (random.Chance(0.3) && oracle.Tick(nowMs) is { } bound)
            {
                durableMs = bound;
                if (random.Chance(0.1))
                {
                    oracle = null; // Crashed after the write, before it was acknowledged.
                    continue;
                }

                oracle.Extend(bound);
            }

            var count = random.Chance(0.1) ? random.Next(1, (int)TimestampOracle.LogicalMax) : random.Next(1, 100);
            if (!oracle.TryTake(count, out var physical, out var last))
            {
                continue;
            }

            var earliest = (Physical: physical, Logical: last - count + 1);
            if (earliest.CompareTo(newest) <= 0 || physical >= durableMs || last >= TimestampOracle.LogicalMax || earliest.Logical < 0)
            {
                output.WriteLine($"seed {seed}, step {step}");
            }

            earliest.CompareTo(newest).ShouldBeGreaterThan(0);
            physical.ShouldBeLessThan(durableMs);
            last.ShouldBeLessThan(TimestampOracle.LogicalMax);
            newest = (physical, last);
        }
    }
}
