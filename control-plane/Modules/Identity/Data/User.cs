using Cloud.Modules.Identity.Public;
using Cloud.Modules.Platform.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Cloud.Modules.Identity.Data;

/// <summary>A person who can sign in.</summary>
internal sealed class User : IConcurrencyChecked
{
    public required UserId Id { get; init; }

    public required string Email { get; init; }

    public required string EmailNormalized { get; init; }

    public required string Name { get; set; }

    public required string PasswordHash { get; set; }

    /// <summary>Whether the person runs this cloud.</summary>
    public bool IsOperator { get; set; }

    /// <summary>Counts the changes that the person made to what they can write.</summary>
    public long Version { get; private set; } = 1;

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; set; }

    public void Rename(string name, DateTimeOffset now)
    {
        if (name != Name)
        {
            Name = name;
            UpdatedAt = now;
            Version++;
        }
    }
}

/// <summary>A sign-in, until it is revoked or expires.</summary>
internal sealed class Session
{
    public required SessionId Id { get; init; }

    public required UserId UserId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset LastUsedAt { get; set; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; set; }

    public string? Address { get; init; }

    public string? UserAgent { get; init; }
}

internal sealed class UserMapping : IEntityTypeConfiguration<User>
{
    public void Configure(EntityTypeBuilder<User> builder) => builder.ToTable("users").HasKey(user => user.Id);
}

internal sealed class SessionMapping : IEntityTypeConfiguration<Session>
{
    public void Configure(EntityTypeBuilder<Session> builder) => builder.ToTable("sessions").HasKey(session => session.Id);
}
