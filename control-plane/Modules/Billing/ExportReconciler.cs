using Cloud.Modules.Billing.Data;
using Cloud.Modules.Billing.Focus;
using Cloud.Modules.Billing.Public;
using Cloud.Modules.Metering.Public;
using Cloud.Modules.Operations.Public;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Messaging;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Billing;

/// <summary>
/// Writes the files of an export. A pass is one transaction; the file is renamed into place before it commits, so that a crash leaves an
/// export that is still pending, and the next pass writes the file anew.
/// </summary>
internal sealed class ExportReconciler(TimeProvider time, ILogger<ExportReconciler> logger) : IReconciler
{
    /// <summary>The kind of hints and work items of exports.</summary>
    public const string HintKind = "billing-export";

    /// <summary>The kind of their operations.</summary>
    public const string OperationKind = "billingExport.create";

    /// <summary>The one step of those operations.</summary>
    public const string Step = "write";

    public string Kind => HintKind;

    public async Task<PassResult> PassAsync(
        IServiceProvider services, Guid id, WorkLease lease, CancellationToken cancellationToken)
    {
        var database = services.GetRequiredService<CloudDbContext>();
        var transaction = services.GetRequiredService<TenantTransaction>();
        await transaction.BeginAsync(cancellationToken);
        await lease.FenceAsync(database, cancellationToken);
        var export = await database.Set<BillingExport>().SingleOrDefaultAsync(
            row => row.Id == new BillingExportId(id), cancellationToken);
        if (export is null or { State: not BillingExportState.Pending })
        {
            return PassResult.Done;
        }

        var operation = await database.Set<Operation>().SingleAsync(row => row.Id == export.OperationId, cancellationToken);
        operation.Start($"{Environment.MachineName}/{lease.Token}", time.GetUtcNow());
        operation.ReportStep(Step, StepState.Running, time.GetUtcNow());
        try
        {
            var month = BillingMonth.Parse(export.Month, null);
            var (invoice, bill) = await services.GetRequiredService<BillReader>().InvoiceAsync(
                export.OrganizationId, month, cancellationToken);
            var name = await services.GetRequiredService<INameDirectory>().OfOrganizationAsync(export.OrganizationId, cancellationToken);
            var file = await services.GetRequiredService<ExportFiles>().WriteAsync(
                export, new FocusAccount(export.OrganizationId, name), invoice, bill, cancellationToken);
            export.Complete([file], time.GetUtcNow());
            operation.Succeed(time.GetUtcNow());
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            logger.LogError(refused, "Export {Export} could not be written.", export.Id);
            export.Fail(time.GetUtcNow());
            operation.Fail(
                new OperationError(
                    PlatformErrors.Unavailable,
                    "The export's file could not be written. The operator finds the reason in the log; then retry the operation."),
                time.GetUtcNow());
        }

        await database.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return PassResult.Done;
    }
}

/// <summary>Exports are not cancelled; a retried one is written anew.</summary>
internal sealed class ExportOperationOwner(CloudDbContext database, TimeProvider time) : IOperationOwner
{
    public bool Owns(string kind) => kind == ExportReconciler.OperationKind;

    public Task CancelAsync(Operation operation, CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task RetryAsync(Operation operation, CancellationToken cancellationToken)
    {
        var export = await database.Set<BillingExport>().SingleAsync(row => row.OperationId == operation.Id, cancellationToken);
        export.Retry();
        database.Hint(ExportReconciler.HintKind, export.Id.Value, time);
    }
}

/// <summary>Hints at exports whose worker died, failed, or never heard of them.</summary>
internal sealed class ExportSweep : ISweep
{
    private const string Sql = """
        insert into cloud.outbox_messages (id, kind, subject)
        select gen_random_uuid(), @kind, e.id
        from cloud.billing_exports e
        left join cloud.work_items w on w.kind = @kind and w.id = e.id
        where e.ended_at is null
          and (w.id is null or w.not_before is null or w.not_before <= now())
          and (w.lease_until is null or w.lease_until < now())
          and not exists (select 1 from cloud.outbox_messages m where m.kind = @kind and m.subject = e.id)
        limit 1000
        """;

    public Task<int> SweepAsync(IServiceProvider services, CancellationToken cancellationToken) =>
        services.GetRequiredService<CloudDbContext>().ExecuteSqlAsync(Sql, cancellationToken, ("kind", ExportReconciler.HintKind));
}
