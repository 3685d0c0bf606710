using Cloud.Modules.Operations.Features;
using Cloud.Modules.Operations.Public;
using Cloud.Modules.Platform;
using Cloud.Modules.Platform.Errors;

namespace Cloud.Modules.Operations;

/// <summary>Work that goes on after its request was answered; see README.md.</summary>
internal sealed class OperationsModule : IModule
{
    public IReadOnlyList<ErrorDefinition> Errors { get; } =
    [
        new(OperationErrorCodes.NotCancellable, 409, "The operation cannot be cancelled.", "Wait for its end."),
        new(OperationErrorCodes.NotRetryable, 409, "The operation cannot be retried.", "Only failed operations can be retried."),
        new(
            OperationErrorCodes.DeadlineExceeded, 504, "The work took longer than it may.",
            "Look at the operation's steps, remove the cause, and retry the operation.", Retryable: true),
    ];

    public void AddServices(IServiceCollection services, IConfiguration configuration)
    {
        services.AddScoped<OperationDesk>();
        services.AddSingleton<OperationWaiters>();
        services.AddHostedService(provider => provider.GetRequiredService<OperationWaiters>());
    }

    public void MapEndpoints(IEndpointRouteBuilder routes)
    {
        GetOperation.Map(routes);
        ListOperations.Map(routes);
        CancelOperation.Map(routes);
        RetryOperation.Map(routes);
    }
}
