using Cloud.Kernel;
using Cloud.Modules.Platform.Access;

namespace Cloud.Modules.Audit.Public;

/// <summary>What is about to be tried.</summary>
/// <param name="OrganizationId">Null where the call is about no organization, or makes one.</param>
/// <param name="Action">The operation id of the endpoint, <c>createCluster</c> for example.</param>
/// <param name="Target">Path of the request.</param>
internal sealed record AuditIntent(
    OrganizationId? OrganizationId,
    Principal Principal,
    string Action,
    string Target,
    string RequestId,
    string? Address);

/// <summary>
/// Two-phase audit: the intent is committed before a mutation begins, the outcome together with the mutation, so that no crash
/// loses the record of an attempt. Both run in the transaction of the unit of work.
/// </summary>
internal interface IAuditTrail
{
    /// <summary>Records the intent in the open transaction, which the caller commits before it goes on.</summary>
    Task<Guid> BeginAsync(AuditIntent intent, CancellationToken cancellationToken);

    /// <summary>Records the outcome in the open transaction.</summary>
    /// <param name="outcome"><c>succeeded</c>, <c>replayed</c>, <c>refused</c> or <c>failed</c>.</param>
    Task EndAsync(Guid id, string outcome, int status, CancellationToken cancellationToken);
}
