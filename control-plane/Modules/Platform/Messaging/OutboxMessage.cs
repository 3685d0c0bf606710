using Cloud.Modules.Platform.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Cloud.Modules.Platform.Messaging;

/// <summary>
/// A hint that something may need attention, stored in the transaction of the change it speaks of. Hints may be lost after that,
/// come twice or out of order: a sweep finds what was missed, and handlers look at the truth by id.
/// </summary>
internal sealed class OutboxMessage
{
    private OutboxMessage()
    {
    }

    /// <summary>UUIDv7; the inbox knows the message by it.</summary>
    public Guid Id { get; private init; }

    /// <summary>Which reconciler it is for: <see cref="IReconciler.Kind"/>.</summary>
    public string Kind { get; private init; } = string.Empty;

    /// <summary>The id of what needs attention.</summary>
    public Guid Subject { get; private init; }

    public static OutboxMessage For(string kind, Guid subject, TimeProvider time) =>
        new() { Id = Guid.CreateVersion7(time.GetUtcNow()), Kind = kind, Subject = subject };
}

internal sealed class OutboxMessageMapping : IEntityTypeConfiguration<OutboxMessage>
{
    public void Configure(EntityTypeBuilder<OutboxMessage> builder)
    {
        builder.ToTable("outbox_messages");
        builder.HasKey(message => message.Id);
        builder.Property(message => message.Id).ValueGeneratedNever();
    }
}

/// <summary>Adds hints to a unit of work.</summary>
internal static class OutboxExtensions
{
    /// <summary>The hint is sent if and when the caller's transaction commits.</summary>
    public static void Hint(this CloudDbContext database, string kind, Guid subject, TimeProvider time) =>
        database.Set<OutboxMessage>().Add(OutboxMessage.For(kind, subject, time));
}
