using Cloud.Portal.Api;
using Cloud.Portal.Components.Layout;
using Microsoft.AspNetCore.Components;

namespace Cloud.Portal.Pages.Billing;

/// <summary>Pages of an organization are also reached without naming it, and then go to the one in view.</summary>
internal static class OrganizationRoute
{
    /// <summary>Points the frame at the organization, or sends the person to the address that names one.</summary>
    /// <returns>Why neither could be done; null otherwise.</returns>
    public static async Task<Problem?> SettleAsync(
        Workplace workplace, NavigationManager navigation, string? organizationId, string page, CancellationToken cancellationToken)
    {
        if (organizationId is not null)
        {
            workplace.EnterOrganization(organizationId);
            return null;
        }

        if (!(await workplace.LoadAsync(cancellationToken)).TryGet(out _, out var problem))
        {
            return problem;
        }

        if (workplace.Current is { } current)
        {
            navigation.NavigateTo($"/organizations/{current.Organization.Id}/{page}", replace: true);
        }

        return null;
    }
}
