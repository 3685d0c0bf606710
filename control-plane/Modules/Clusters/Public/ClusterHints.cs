using Cloud.Modules.Platform.Data;

namespace Cloud.Modules.Clusters.Public;

/// <summary>How other modules say that a cluster may need attention.</summary>
internal static class ClusterHints
{
    /// <summary>The kind of hints and work items of clusters.</summary>
    public const string Kind = "cluster";

    /// <summary>Hints at every cluster whose work met an obstacle, such as a missing host, because that may have gone.</summary>
    public static async Task HintObstructedAsync(CloudDataSources sources, CancellationToken cancellationToken)
    {
        await using var command = sources.Worker.CreateCommand(
            """
            insert into cloud.outbox_messages (id, kind, subject)
            select gen_random_uuid(), @kind, cluster_id from (
                select distinct cluster_id from cloud.operations
                where ended_at is null and retry_at is not null and cluster_id is not null) as obstructed
            """);
        command.Parameters.AddWithValue("kind", Kind);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
