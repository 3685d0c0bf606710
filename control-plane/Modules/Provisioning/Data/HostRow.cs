using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Platform.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Cloud.Modules.Provisioning.Data;

/// <summary>Whether a host takes new instances.</summary>
internal enum HostState
{
    Active,
    Draining,
}

/// <summary>A machine with an agent. Written by its agent's stream; the wish's revision by reconcilers.</summary>
internal sealed class HostRow
{
    private HostRow()
    {
    }

    public HostId Id { get; private init; }

    public string Location { get; private init; } = string.Empty;

    public string Name { get; private init; } = string.Empty;

    public HostState State { get; private init; }

    public HostCapacity Capacity { get; private init; } = null!; // the column is not null

    public IReadOnlyList<string> Versions { get; private init; } = [];

    /// <summary>The stream that speaks for the host; null before the first.</summary>
    public Guid? SessionId { get; private init; }

    /// <summary>Since when nothing was heard of the agent; null while it is heard.</summary>
    public DateTimeOffset? SilentSince { get; private init; }

    public DateTimeOffset LastSeenAt { get; private init; }

    /// <summary>The revision that the agent had taken over when it last reported.</summary>
    public long ObservedRevision { get; private init; }

    /// <summary>Where the next search for ports begins.</summary>
    public int PortCursor { get; private init; }
}

internal sealed class HostRowMapping : IEntityTypeConfiguration<HostRow>
{
    public void Configure(EntityTypeBuilder<HostRow> builder)
    {
        builder.ToTable("hosts");
        builder.HasKey(host => host.Id);
        builder.Property(host => host.Capacity).HasStoredJson();
        builder.Property(host => host.Versions).HasStoredJson();
    }
}
