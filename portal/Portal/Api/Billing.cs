using Cloud.ApiClient;

namespace Cloud.Portal.Api;

/// <summary>Usage of an organization over a span of time.</summary>
/// <param name="LagSeconds">How far behind the present the newest counted record is.</param>
public sealed record UsageReport(IReadOnlyList<UsageRow> Items, int LagSeconds, Money? Total);

/// <summary>One group of usage.</summary>
/// <param name="Key">The cluster, meter, project or day.</param>
/// <param name="Name">What people call it; null when the key says it all.</param>
/// <param name="Quantity">Exact decimal text; null where the group mixes units.</param>
public sealed record UsageRow(string Key, string? Name, string? Meter, string? Quantity, string? Unit, Money? Cost);

/// <summary>The bill of a month.</summary>
public sealed record Invoice
{
    public required string Month { get; init; }

    public required string State { get; init; }

    public IReadOnlyList<InvoiceLine> Lines { get; init; } = [];

    public Money? Credits { get; init; }

    public Money? Tax { get; init; }

    public Money? Rounding { get; init; }

    public Money? Total { get; init; }
}

/// <summary>One line of a bill.</summary>
public sealed record InvoiceLine(
    string Description, string? ClusterId, string? ClusterName, string? Sku, string? Quantity, string? Unit, Money? UnitPrice, Money? Amount);

/// <summary>A billing export and its files.</summary>
public sealed record BillingExport
{
    public required string Id { get; init; }

    public required string State { get; init; }

    public string Format { get; init; } = "";

    public string Encoding { get; init; } = "";

    public string Month { get; init; } = "";

    public DateTimeOffset CreatedAt { get; init; }

    public IReadOnlyList<ExportFile> Files { get; init; } = [];

    public Operation? Operation { get; init; }
}

/// <summary>One file of an export.</summary>
public sealed record ExportFile(string Name, string Sha256, long Rows, string? BilledCost);
