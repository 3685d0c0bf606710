namespace Cloud.Modules.Clusters.Public;

/// <summary>How other modules say that a cluster may need attention.</summary>
internal static class ClusterHints
{
    /// <summary>The kind of hints and work items of clusters.</summary>
    public const string Kind = "cluster";
}
