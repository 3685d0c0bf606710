using Cloud.Modules.Platform.Data;

namespace Cloud.Modules.Platform.Http;

/// <summary>Runs reads and credential exchanges. Scoped.</summary>
internal sealed class QueryRunner(TenantTransaction transaction)
{
    /// <summary>
    /// One transaction around the handler, ended before the reply is sent; an endpoint that manages its own starts with none open
    /// and streams as it likes.
    /// </summary>
    public async Task RunAsync(HttpContext http, EndpointRules rules, RequestDelegate next, CancellationToken cancellationToken)
    {
        if (rules.ManagesTransaction)
        {
            await transaction.RollbackAsync();
            await next(http);
            return;
        }

        if (!transaction.IsOpen)
        {
            await transaction.BeginAsync(cancellationToken);
        }

        var reply = await CapturedReply.RunAsync(http, next);
        await transaction.RollbackAsync();
        await reply.SendAsync(cancellationToken);
    }
}
