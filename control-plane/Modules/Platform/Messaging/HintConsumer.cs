using MassTransit;

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
        catch (Exception failure) when (failure is not WorkerKilledException && !context.CancellationToken.IsCancellationRequested)
        {
            // Not thrown on to the bus: its redelivery would come while the database is still away, and its error queue would grow
            // without bound. The sweep comes after.
            LogLeft(logger, failure, context.Message.Kind, context.Message.Subject);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A hint for {Kind} {Id} was left to the sweep")]
    private static partial void LogLeft(ILogger logger, Exception failure, string kind, Guid id);
}
