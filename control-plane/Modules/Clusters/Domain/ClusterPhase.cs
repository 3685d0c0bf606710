using System.Text.Json.Serialization;

namespace Cloud.Modules.Clusters.Domain;

/// <summary>What the owner wishes the cluster to be.</summary>
internal enum ClusterWish
{
    /// <summary>Its processes run.</summary>
    Running,

    /// <summary>No process; data kept until its purge time.</summary>
    Deleted,

    /// <summary>No process and no data.</summary>
    Purged,
}

/// <summary>The <c>state</c> of a cluster as the API shows it.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ClusterPhase>))]
internal enum ClusterPhase
{
    [JsonStringEnumMemberName("creating")]
    Creating,

    [JsonStringEnumMemberName("available")]
    Available,

    [JsonStringEnumMemberName("updating")]
    Updating,

    [JsonStringEnumMemberName("pausing")]
    Pausing,

    [JsonStringEnumMemberName("paused")]
    Paused,

    [JsonStringEnumMemberName("resuming")]
    Resuming,

    [JsonStringEnumMemberName("restoring")]
    Restoring,

    [JsonStringEnumMemberName("deleting")]
    Deleting,

    [JsonStringEnumMemberName("deleted")]
    Deleted,

    [JsonStringEnumMemberName("failed")]
    Failed,
}
