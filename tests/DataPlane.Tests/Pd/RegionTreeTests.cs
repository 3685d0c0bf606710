using Cloud.Kernel;
using Cloud.Pd.Cluster;
using Cloud.Rpc.Proto.Metapb;
using Google.Protobuf;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Cloud.DataPlane.Tests.Pd;

public sealed class RegionTreeTests(ITestOutputHelper output)
{
    [Fact]
    public void Lookups_find_the_region_that_holds_the_key()
    {
        var tree = Tree(Region(1, "", "b"), Region(2, "b", "d"), Region(3, "d", ""));
        tree.Find("a"u8)!.Meta.Id.ShouldBe(1UL);
        tree.Find("b"u8)!.Meta.Id.ShouldBe(2UL);
        tree.Find("c"u8)!.Meta.Id.ShouldBe(2UL);
        tree.Find("zz"u8)!.Meta.Id.ShouldBe(3UL);
        tree.FindPrevious("c"u8)!.Meta.Id.ShouldBe(1UL);
        tree.FindPrevious("a"u8).ShouldBeNull();
        tree.Scan("a"u8, "c"u8, 0).ConvertAll(region => region.Meta.Id).ShouldBe([1UL, 2UL]);
        tree.Scan("b"u8, ""u8, 1).ConvertAll(region => region.Meta.Id).ShouldBe([2UL]);
    }

    [Fact]
    public void A_gap_holds_no_key_and_is_not_covered()
    {
        var tree = Tree(Region(1, "", "b"), Region(3, "d", ""));
        tree.Find("c"u8).ShouldBeNull();
        tree.FindPrevious("e"u8).ShouldBeNull();
        RegionTree.Covers(tree.Scan(""u8, ""u8, 0), ""u8, ""u8).ShouldBeFalse();
        RegionTree.Covers(tree.Scan("a"u8, "b"u8, 0), "a"u8, "b"u8).ShouldBeTrue();
    }

    [Fact]
    public void A_split_replaces_what_it_divides_in_any_order_of_reports()
    {
        var tree = Tree(Region(1, "", ""));
        tree.TryPut(Region(2, "m", "", version: 2), out var removed).ShouldBeTrue();
        removed.Select(region => region.Meta.Id).ShouldBe([1UL]);
        tree.Find("a"u8).ShouldBeNull("the left half has not been reported");
        tree.TryPut(Region(1, "", "m", version: 2), out _).ShouldBeTrue();
        tree.Find("a"u8)!.Meta.Id.ShouldBe(1UL);
        tree.Count.ShouldBe(2);
    }

    [Fact]
    public void News_from_before_a_split_is_ignored()
    {
        var tree = Tree(Region(1, "", "m", version: 2), Region(2, "m", "", version: 2));
        tree.TryPut(Region(1, "", "", version: 1), out _).ShouldBeFalse();
        tree.TryPut(Region(3, "a", "", version: 1), out _).ShouldBeFalse("it overlaps newer regions");
        tree.Count.ShouldBe(2);
    }

    [Fact]
    public void A_leader_of_an_earlier_term_is_ignored()
    {
        var tree = Tree(Region(1, "", "") with { Term = 7 });
        tree.TryPut(Region(1, "", "") with { Term = 6 }, out _).ShouldBeFalse();
        tree.TryPut(Region(1, "", "") with { Term = 8 }, out _).ShouldBeTrue();
    }

    [Fact]
    public void Regions_never_overlap_whatever_is_reported()
    {
        const ulong seed = 7;
        output.WriteLine($"seed {seed}");
        var random = new SeededRandom(seed);
        var tree = new RegionTree();
        for (var step = 0; step < 3000; step++)
        {
            var (low, high) = (random.Next(20), random.Next(1, 21));
            var end = random.Chance(0.1) ? string.Empty : Key(Math.Max(low + 1, high));
            tree.TryPut(Region((ulong)random.Next(1, 15), low == 0 ? string.Empty : Key(low), end, (ulong)random.Next(1, 1 + (step / 20) + 1)), out _);
            var all = tree.Scan(""u8, ""u8, 0);
            all.Count.ShouldBe(tree.Count);
            for (var i = 1; i < all.Count; i++)
            {
                all[i - 1].EndKey.IsEmpty.ShouldBeFalse();
                all[i - 1].EndKey.SequenceCompareTo(all[i].StartKey).ShouldBeLessThanOrEqualTo(0);
            }
        }
    }

    private static string Key(int number) => ((char)('a' + number)).ToString();

    private static RegionTree Tree(params RegionEntry[] regions)
    {
        var tree = new RegionTree();
        foreach (var region in regions)
        {
            tree.TryPut(region, out _).ShouldBeTrue();
        }

        return tree;
    }

    private static RegionEntry Region(ulong id, string start, string end, ulong version = 1) => RegionEntry.FromMeta(new Region
    {
        Id = id,
        StartKey = ByteString.CopyFromUtf8(start),
        EndKey = ByteString.CopyFromUtf8(end),
        RegionEpoch = new RegionEpoch { ConfVer = 1, Version = version },
        Peers = { new Peer { Id = id + 100, StoreId = 1 } },
    });
}
