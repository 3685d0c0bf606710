using Microsoft.AspNetCore.Mvc;

namespace Cloud.Modules.Platform.Paging;

/// <summary>What every list takes from its query string; bound with <c>[AsParameters]</c>.</summary>
internal sealed record ListQuery
{
    public const int PageSizeDefault = 50;
    public const int PageSizeMax = 200;

    /// <summary>1 to <see cref="PageSizeMax"/>.</summary>
    [FromQuery(Name = "pageSize")]
    public int? PageSize { get; init; }

    /// <summary>From the previous page; opaque.</summary>
    [FromQuery(Name = "pageToken")]
    public string? PageToken { get; init; }

    /// <summary>Comparisons joined by AND, for example <c>name = "orders" AND createdAt &gt; "2026-01-01T00:00:00Z"</c>.</summary>
    [FromQuery(Name = "filter")]
    public string? Filter { get; init; }

    /// <summary>A field, then optionally <c>desc</c>.</summary>
    [FromQuery(Name = "orderBy")]
    public string? OrderBy { get; init; }
}

/// <summary>One page of a list.</summary>
/// <param name="Items">In the order asked for; may be empty.</param>
/// <param name="NextPageToken">Null on the last page.</param>
internal sealed record Page<T>(IReadOnlyList<T> Items, string? NextPageToken);
