using Cloud.TestKit;
using Xunit;

namespace Cloud.SystemTests;

/// <summary>Tests that share one running cloud; they run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class CloudCollection : ICollectionFixture<CloudFixture>
{
    public const string Name = "a running cloud";
}
