using MassTransit;
using Npgsql;

namespace Cloud.Modules.Platform.Messaging;

/// <summary>Takes hints off the bus.</summary>
internal sealed partial class HintConsumer(ReconcileRunner runner, ILogger<HintConsumer> logger) : IConsumer<Hint>
{
    public async Task Consume(ConsumeContext<Hint> context)
    {
        try
        {
            await runner.RunAsync(context.Message, context.CancellationToken);
        }
        catch (NpgsqlException unreachable)
        {
            // Not thrown on to the bus: its redelivery would come while the database is still away, and the sweep comes after.
            LogUnreachable(logger, context.Message.Kind, context.Message.Subject, unreachable.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A hint for {Kind} {Id} was left to the sweep: {Reason}")]
    private static partial void LogUnreachable(ILogger logger, string kind, Guid id, string reason);
}
