using System.Text.Json.Nodes;
using Cloud.Kernel;
using Cloud.Modules.Platform.Access;
using Cloud.Modules.Platform.Errors;

namespace Cloud.Modules.Platform.Http;

/// <summary>
/// The request as handlers see it: who calls, in which organization, and under which conditions. Scoped; not thread-safe.
/// The pipeline fills it before the handler runs.
/// </summary>
internal sealed class ApiCall
{
    private string? _ifMatch;
    private bool _preconditionChecked;

    /// <summary>The caller.</summary>
    /// <exception cref="InvariantViolatedException">The endpoint is public: it has no caller.</exception>
    public Principal Principal => Caller ?? throw new InvariantViolatedException("a public endpoint asked who calls");

    /// <summary>The caller, or null at a public endpoint.</summary>
    public Principal? Caller { get; internal set; }

    /// <summary>What the caller may do in the organization of the request's resource.</summary>
    /// <exception cref="InvariantViolatedException">The route names no resource.</exception>
    public Access.Access Access => Entered ?? throw new InvariantViolatedException("the route names no resource of an organization");

    internal Access.Access? Entered { get; set; }

    /// <summary>The request's body as it was sent; empty for GET.</summary>
    internal ReadOnlyMemory<byte> Body { get; set; }

    public OrganizationId OrganizationId => Access.OrganizationId;

    /// <summary>
    /// Whether the caller wants to know what would happen. Handlers do everything as always: the pipeline rolls it back and
    /// answers with the plan. What a rollback does not undo must hang on the outbox, not on the handler.
    /// </summary>
    public bool ValidateOnly { get; internal set; }

    /// <summary>What a validateOnly reply says besides; handlers add price, quota and the state before.</summary>
    public CallPlan Plan { get; } = new();

    internal bool HasUncheckedPrecondition => _ifMatch is not null && !_preconditionChecked;

    internal void SetIfMatch(string? ifMatch) => _ifMatch = ifMatch;

    /// <summary>
    /// Compares If-Match with the version of the loaded resource. Every handler of PATCH and DELETE calls it before it changes
    /// anything; a success reply to a request with If-Match that was not checked is refused as our defect.
    /// </summary>
    /// <returns>Null when the change may go on.</returns>
    public Failure? CheckMatch(long version)
    {
        _preconditionChecked = true;
        var current = ETags.Write(version);
        if (_ifMatch is null or "*"
            || _ifMatch.Split(',', StringSplitOptions.TrimEntries).Contains(current, StringComparer.Ordinal))
        {
            return null;
        }

        return new Failure(
            PlatformErrors.PreconditionFailed,
            $"If-Match is {_ifMatch}, but the resource is at {current}. Read it again, and decide anew.",
            "If-Match");
    }
}

/// <summary>What a handler adds to the plan that a <c>validateOnly</c> request is answered with.</summary>
internal sealed class CallPlan
{
    /// <summary>The resource before the change, as its GET shows it; null for a creation.</summary>
    public object? From { get; set; }

    /// <summary>The price per month before and after; null where nothing is priced.</summary>
    public PlannedPrice? Price { get; set; }

    /// <summary>Quotas that the change touches.</summary>
    public IList<PlannedQuota> Quota { get; } = [];
}

/// <summary>One change of a plan.</summary>
internal sealed record PlannedChange(string Action, string Resource, JsonNode? From, JsonNode? To);

/// <summary>Money per month before and after; amounts are decimal strings.</summary>
internal sealed record PlannedPrice(PriceAmount? Before, PriceAmount After, string Unit = "month");

/// <summary>A part of a price.</summary>
/// <param name="Amount">A decimal string.</param>
/// <param name="Currency">ISO 4217 code.</param>
internal sealed record PriceAmount(string Amount, string Currency);

/// <summary>A quota that a change touches.</summary>
internal sealed record PlannedQuota(string Name, long Limit, long Before, long After);

/// <summary>The reply to a <c>validateOnly</c> request: nothing was written.</summary>
internal sealed record PlanReply(IReadOnlyList<PlannedChange> Plan, PlannedPrice? Price, IReadOnlyList<PlannedQuota> Quota);
