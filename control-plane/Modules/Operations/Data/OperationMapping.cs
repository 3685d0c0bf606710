using Cloud.Modules.Operations.Public;
using Cloud.Modules.Platform.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Cloud.Modules.Operations.Data;

internal sealed class OperationMapping : IEntityTypeConfiguration<Operation>
{
    public void Configure(EntityTypeBuilder<Operation> builder)
    {
        builder.ToTable("operations");
        builder.HasKey(operation => operation.Id);
        builder.Property(operation => operation.Id).ValueGeneratedNever();
        builder.Property(operation => operation.Steps).HasStoredJson();
        builder.Property(operation => operation.Error).HasStoredJson();
        builder.Ignore(operation => operation.Ended);
        builder.Ignore(operation => operation.Percent);
    }
}

internal sealed class CloudEventMapping : IEntityTypeConfiguration<CloudEvent>
{
    public void Configure(EntityTypeBuilder<CloudEvent> builder)
    {
        builder.ToTable("events");
        builder.HasKey(happened => happened.Id);
        builder.Property(happened => happened.Id).ValueGeneratedNever();
        builder.Property(happened => happened.Data).HasStoredJson();
    }
}
