using Cloud.Kernel;
using Cloud.Modules.Billing.Data;
using Cloud.Modules.Billing.Public;
using Cloud.Modules.Clusters.Public;
using Cloud.Modules.Metering.Public;
using Cloud.Modules.Operations.Public;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;
using Cloud.Modules.Platform.Messaging;
using Cloud.Modules.Platform.Paging;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Billing.Features;

/// <summary>An export as the API shows it.</summary>
/// <param name="Files">Empty until it is available; each with what it must contain.</param>
/// <param name="Operation">Only in the reply that starts it.</param>
internal sealed record BillingExportReply(
    BillingExportId Id,
    string Format,
    string Encoding,
    string Month,
    BillingExportState State,
    DateTimeOffset CreatedAt,
    DateTimeOffset? EndedAt,
    OperationId OperationId,
    IReadOnlyList<ExportFile> Files,
    OperationReply? Operation = null)
{
    public static BillingExportReply Of(BillingExport export) => new(
        export.Id,
        export.Format,
        export.Encoding,
        export.Month,
        export.State,
        export.CreatedAt,
        export.EndedAt,
        export.OperationId,
        export.Files);

    public static string PathOf(BillingExport export) =>
        $"/v1/organizations/{export.OrganizationId}/billingExports/{export.Id}";
}

/// <summary><c>POST /v1/organizations/{organization}/billingExports</c></summary>
internal static class CreateBillingExport
{
    private const string Focus12 = "focus-1.2";
    private const string Csv = "csv";
    private static readonly TimeSpan Allowance = TimeSpan.FromMinutes(2);

    internal sealed record Request
    {
        /// <summary><c>focus-1.2</c> or <c>focus-1.4</c>.</summary>
        public required string Format { get; init; }

        /// <summary><c>csv</c> or <c>parquet</c>.</summary>
        public required string Encoding { get; init; }

        /// <summary><c>yyyy-MM</c>, UTC; not in the future.</summary>
        public required string Month { get; init; }
    }

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/organizations/{organization}/billingExports", HandleAsync)
        .ResourceWrite(Permissions.BillingExportsCreate)
        .Replies(StatusCodes.Status202Accepted)
        .Fails(PlatformErrors.ValidationFailed, ClusterErrorCodes.NotAvailable)
        .Example(new Request { Format = Focus12, Encoding = Csv, Month = "2026-01" });

    private static Task<Reply<BillingExportReply>> HandleAsync(
        OrganizationId organization, Request request, CloudDbContext database, TimeProvider time, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var now = time.GetUtcNow();
        if (Refusal(request, now) is { } refused)
        {
            return Task.FromResult<Reply<BillingExportReply>>(refused);
        }

        var id = TypedId.New<BillingExportId>(time);
        var operation = Operation.Begin(
            TypedId.New<OperationId>(time),
            new OperationOrder
            {
                OrganizationId = organization,
                ProjectId = null,
                ClusterId = null,
                Kind = ExportReconciler.OperationKind,
                Target = id.ToString(),
                Generation = 1,
                Steps = [ExportReconciler.Step],
                Cancellable = false,
                Allowance = Allowance,
            },
            now);
        var export = BillingExport.Request(id, organization, operation.Id, request.Format, request.Encoding, request.Month, now);
        database.Add(operation);
        database.Add(export);
        database.Hint(ExportReconciler.HintKind, id.Value, time);
        return Task.FromResult(Reply.Accepted(
            BillingExportReply.Of(export) with { Operation = OperationReply.Of(operation) },
            BillingExportReply.PathOf(export),
            OperationReply.PathOf(operation.Id)));
    }

    private static Failure? Refusal(Request request, DateTimeOffset now)
    {
        if (request.Format is not (Focus12 or "focus-1.4"))
        {
            return Invalid("/format", $"format is '{request.Format}', but must be focus-1.2 or focus-1.4.");
        }

        if (request.Encoding is not (Csv or "parquet"))
        {
            return Invalid("/encoding", $"encoding is '{request.Encoding}', but must be csv or parquet.");
        }

        if (!BillingMonth.TryParse(request.Month, null, out var month) || month.Start > now)
        {
            return Invalid("/month", $"month is '{request.Month}', but must be a month of the form yyyy-MM that has begun.");
        }

        return request is { Format: Focus12, Encoding: Csv }
            ? null
            : new Failure(
                ClusterErrorCodes.NotAvailable,
                $"{request.Format} as {request.Encoding} is not available: choose focus-1.2 as csv.",
                request.Format == Focus12 ? "/encoding" : "/format");
    }

    private static Failure Invalid(string pointer, string detail) => new(PlatformErrors.ValidationFailed, detail, pointer);
}

/// <summary><c>GET /v1/organizations/{organization}/billingExports</c></summary>
internal static class ListBillingExports
{
    private static readonly ListFields<BillingExport> Fields = ListFields<BillingExport>.By(row => row.CreatedAt, row => row.Id)
        .With("month", row => row.Month, isSortable: true);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/organizations/{organization}/billingExports", HandleAsync)
        .Query(Permissions.BillingExportsRead);

    private static Task<Reply<Page<BillingExportReply>>> HandleAsync(
        OrganizationId organization,
        [AsParameters] ListQuery query,
        Lister lister,
        CloudDbContext database,
        CancellationToken cancellationToken) => lister.ListAsync(
        database.Set<BillingExport>().Where(row => row.OrganizationId == organization),
        Fields,
        query,
        BillingExportReply.Of,
        cancellationToken);
}

/// <summary><c>GET /v1/organizations/{organization}/billingExports/{export}</c></summary>
internal static class GetBillingExport
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/organizations/{organization}/billingExports/{export}", HandleAsync)
        .Query(Permissions.BillingExportsRead);

    private static async Task<Reply<BillingExportReply>> HandleAsync(
        OrganizationId organization, BillingExportId export, CloudDbContext database, CancellationToken cancellationToken)
    {
        var found = await database.Set<BillingExport>().AsNoTracking().SingleOrDefaultAsync(
            row => row.OrganizationId == organization && row.Id == export, cancellationToken);
        return found is null
            ? PlatformErrors.ResourceNotFound("billing export", export)
            : Reply.Ok(BillingExportReply.Of(found), version: 1);
    }
}

/// <summary><c>GET /v1/organizations/{organization}/billingExports/{export}/files/{name}</c></summary>
internal static class DownloadBillingExport
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/organizations/{organization}/billingExports/{export}/files/{name}", HandleAsync)
        .Query(Permissions.BillingExportsRead)
        .Sends("text/csv")
        .ManagesTransaction();

    private static async Task<IResult> HandleAsync(
        OrganizationId organization,
        BillingExportId export,
        string name,
        CloudDbContext database,
        TenantTransaction transaction,
        ExportFiles files,
        CancellationToken cancellationToken)
    {
        await transaction.BeginAsync(cancellationToken);
        var found = await database.Set<BillingExport>().AsNoTracking().SingleOrDefaultAsync(
            row => row.OrganizationId == organization && row.Id == export, cancellationToken);
        await transaction.RollbackAsync();
        var file = found?.Files.FirstOrDefault(candidate => candidate.Name == name);
        var path = file is null ? null : files.PathOf(organization, export, file.Name);
        if (path is null || !File.Exists(path))
        {
            return (Reply<BillingExportReply>)PlatformErrors.ResourceNotFound("file", name);
        }

        return Results.File(path, "text/csv; charset=utf-8", name);
    }
}
