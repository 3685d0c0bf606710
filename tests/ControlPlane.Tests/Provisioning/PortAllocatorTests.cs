using Cloud.Kernel;
using Cloud.Modules.Provisioning.Domain;
using Cloud.Modules.Provisioning.Public;
using Shouldly;
using Xunit;

namespace Cloud.ControlPlane.Tests.Provisioning;

public sealed class PortAllocatorTests
{
    [Fact]
    public void A_freed_port_is_not_given_out_again_at_once()
    {
        var first = PortAllocator.Take(20_000, 20_009, 0, new HashSet<int>(), 3).Value;
        first.Ports.ShouldBe([20_000, 20_001, 20_002]);

        var second = PortAllocator.Take(20_000, 20_009, first.Cursor, new HashSet<int>(), 3).Value;
        second.Ports.ShouldBe([20_003, 20_004, 20_005]);
    }

    [Fact]
    public void The_range_is_a_circle()
    {
        var taken = new HashSet<int> { 20_000 };
        var allocation = PortAllocator.Take(20_000, 20_003, 20_003, taken, 3).Value;
        allocation.Ports.ShouldBe([20_003, 20_001, 20_002]);
        allocation.Cursor.ShouldBe(20_003);
    }

    [Fact]
    public void A_full_range_says_what_to_do()
    {
        var failure = PortAllocator.Take(20_000, 20_003, 0, new HashSet<int> { 20_001, 20_002 }, 3).Failure!;
        failure.Code.ShouldBe(ProvisioningErrorCodes.NoPort);
        failure.Detail.ShouldContain("2 of 3");
    }

    [Fact]
    public void Ports_are_always_distinct_free_and_in_range()
    {
        var random = new SeededRandom(7);
        for (var round = 0; round < 2_000; round++)
        {
            var first = random.Next(1_024, 32_000);
            var last = Math.Min(PortAllocator.PortMax, first + random.Next(40));
            var taken = Enumerable.Range(first, last - first + 1).Where(_ => random.Chance(0.5)).ToHashSet();
            var count = random.Next(1, 8);
            var outcome = PortAllocator.Take(first, last, random.Next(0, 40_000), taken, count);
            var free = last - first + 1 - taken.Count;

            outcome.Succeeded.ShouldBe(free >= count, $"round {round}");
            if (outcome.TryGet(out var allocation, out _))
            {
                allocation.Ports.Distinct().Count().ShouldBe(count);
                allocation.Ports.ShouldAllBe(port => port >= first && port <= last && !taken.Contains(port));
                allocation.Cursor.ShouldBeInRange(first, last);
            }
        }
    }
}
