using Cloud.Kernel;
using Cloud.Modules.Clusters.Domain;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;

namespace Cloud.Modules.Clusters.Data;

/// <summary>A cluster as its owner wishes it. Written by requests alone; what is true of it is in <see cref="ClusterStatus"/>.</summary>
/// <remarks>Invariant: the generation grows with every change of any other property, and is the resource's ETag.</remarks>
internal sealed class Cluster : ITenantOwned, IConcurrencyChecked
{
    /// <summary>How long the data of a deleted cluster is kept.</summary>
    public static readonly TimeSpan KeptAfterDelete = TimeSpan.FromDays(7);

    private Cluster()
    {
    }

    public ClusterId Id { get; private init; }

    public OrganizationId OrganizationId { get; private init; }

    public ProjectId ProjectId { get; private init; }

    /// <summary>Unique among the clusters of the project that are not deleted.</summary>
    public string Name { get; private set; } = string.Empty;

    public ClusterSpec Spec { get; private set; } = null!; // the column is not null

    /// <summary>Counts from 1.</summary>
    public long Generation { get; private set; }

    /// <summary>The newest generation that asks for work; those after it changed names and labels.</summary>
    public long WorkGeneration { get; private set; }

    public DateTimeOffset CreatedAt { get; private init; }

    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>When the owner deleted it; null while it is wished for.</summary>
    public DateTimeOffset? DeletedAt { get; private set; }

    /// <summary>When the data goes; null while it is wished for.</summary>
    public DateTimeOffset? PurgeTime { get; private set; }

    /// <summary>When the owner asked for the data to go at once; null if never.</summary>
    public DateTimeOffset? PurgeRequestedAt { get; private set; }

    /// <summary>When it was last wished back; null if never.</summary>
    public DateTimeOffset? UndeletedAt { get; private set; }

    public static Cluster Create(
        ClusterId id, OrganizationId organization, ProjectId project, ValidCluster valid, DateTimeOffset now) => new()
        {
            Id = id,
            OrganizationId = organization,
            ProjectId = project,
            Name = valid.Name,
            Spec = valid.Spec,
            Generation = 1,
            WorkGeneration = 1,
            CreatedAt = now,
            UpdatedAt = now,
        };

    /// <summary>What the owner wishes at an instant: a purge time that has passed is a wish to purge.</summary>
    public ClusterWish WishAt(DateTimeOffset now) =>
        DeletedAt is null ? ClusterWish.Running
        : PurgeRequestedAt is not null || PurgeTime <= now ? ClusterWish.Purged
        : ClusterWish.Deleted;

    /// <param name="needsWork">Whether instances must learn of it.</param>
    public void Change(string name, ClusterSpec spec, bool needsWork, DateTimeOffset now)
    {
        Invariant.Require(DeletedAt is null, $"cluster {Id} is deleted");
        Name = name;
        Spec = spec;
        Advance(needsWork, now);
    }

    /// <summary>Deletes; <paramref name="purge"/> also asks for the data to go at once. Deleting twice keeps the first purge time.</summary>
    public void Delete(bool purge, DateTimeOffset now)
    {
        DeletedAt ??= now;
        PurgeTime ??= now + KeptAfterDelete;
        PurgeRequestedAt ??= purge ? now : null;
        Advance(needsWork: true, now);
    }

    public void Undelete(DateTimeOffset now)
    {
        Invariant.Require(WishAt(now) == ClusterWish.Deleted, $"cluster {Id} is deleted and its data is kept");
        DeletedAt = null;
        PurgeTime = null;
        UndeletedAt = now;
        Advance(needsWork: true, now);
    }

    private void Advance(bool needsWork, DateTimeOffset now)
    {
        Generation++;
        WorkGeneration = needsWork ? Generation : WorkGeneration;
        UpdatedAt = now;
    }
}
