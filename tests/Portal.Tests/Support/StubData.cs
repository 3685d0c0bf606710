using System.Collections.Concurrent;

namespace Cloud.Portal.Tests.Support;

/// <summary>What the stub cloud knows.</summary>
internal sealed class StubData
{
    public ConcurrentDictionary<string, (string Password, string Name)> Accounts { get; } = new(StringComparer.Ordinal);

    public ConcurrentDictionary<string, StubCluster> Clusters { get; } = new(StringComparer.Ordinal);

    public ConcurrentDictionary<string, object> Exports { get; } = new(StringComparer.Ordinal);

    public DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>How long a create goes on.</summary>
    public TimeSpan CreateTakes { get; set; } = TimeSpan.FromSeconds(1.5);

    public StubCluster Add(string name, string state = "available", TimeSpan? age = null)
    {
        var cluster = new StubCluster($"clu_{Clusters.Count + 1:D26}", name, state, Now - (age ?? TimeSpan.FromHours(3)));
        Clusters[cluster.Id] = cluster;
        return cluster;
    }
}

/// <summary>One cluster of the stub.</summary>
internal sealed class StubCluster(string id, string name, string state, DateTimeOffset createdAt)
{
    public string Id { get; } = id;

    public string Name { get; } = name;

    public string State { get; set; } = state;

    public DateTimeOffset CreatedAt { get; } = createdAt;

    public bool Protected { get; set; }

    public string Tier { get; set; } = "starter";

    public IReadOnlyList<object> Conditions { get; set; } = [];

    /// <summary>When the create is done; null when it is.</summary>
    public DateTimeOffset? Until { get; set; }

    public void Advance(DateTimeOffset now)
    {
        if (State == "creating" && Until <= now)
        {
            State = "available";
        }
    }
}
