using Cloud.ApiClient;

namespace Cloud.Portal.Api;

/// <summary>A project with the organization it belongs to.</summary>
public sealed record Place(Organization Organization, Project Project);

/// <summary>The person, their sessions, and the organizations and projects they belong to.</summary>
internal sealed class AccountCalls(CloudApi api)
{
    /// <summary>As many organizations, and projects of each, as the switcher shows.</summary>
    private const int PlacesMax = 100;

    private static readonly CallOptions Unconditionally = new() { IfMatch = "*" };

    public Task<Reply<User>> MeAsync(CancellationToken cancellationToken) =>
        api.AskAsync(client => client.Identity.GetMeAsync(cancellationToken: cancellationToken), cancellationToken);

    public Task<Reply<User>> RenameAsync(string name, CancellationToken cancellationToken) => api.AskAsync(
        client => client.Identity.UpdateMeAsync(new UpdateMeRequest { Name = name }, Unconditionally, cancellationToken), cancellationToken);

    /// <summary>Changes the password, which ends all other sessions.</summary>
    public Task<Reply<Nothing>> ChangePasswordAsync(string current, string next, CancellationToken cancellationToken) => api.TellAsync(
        client => client.Identity.ChangePasswordAsync(
            new ChangePasswordRequest { CurrentPassword = current, NewPassword = next }, cancellationToken: cancellationToken),
        cancellationToken);

    /// <summary>Makes the person the operator of the cloud, by the token of the one-time link.</summary>
    public Task<Reply<Nothing>> ClaimOperatorAsync(string token, CancellationToken cancellationToken) => api.TellAsync(
        client => client.Identity.ClaimOperatorAsync(new ClaimOperatorRequest { Token = token }, cancellationToken: cancellationToken),
        cancellationToken);

    /// <summary>The newest sign-ins.</summary>
    public Task<Reply<SessionPage>> SessionsAsync(CancellationToken cancellationToken) => api.AskAsync(
        client => client.Identity.ListSessionsAsync(orderBy: "createdAt desc", cancellationToken: cancellationToken), cancellationToken);

    /// <summary>Ends a sign-in; <c>current</c> is the one that the call is made under.</summary>
    public Task<Reply<Nothing>> EndSessionAsync(string id, CancellationToken cancellationToken) =>
        api.TellAsync(client => client.Identity.DeleteSessionAsync(id, cancellationToken: cancellationToken), cancellationToken);

    /// <summary>Every project the person may enter, with its organization.</summary>
    public async Task<Reply<IReadOnlyList<Place>>> PlacesAsync(CancellationToken cancellationToken)
    {
        var organizations = await api.AskAsync(
            client => client.Organizations.ListOrganizationsAsync(PlacesMax, cancellationToken: cancellationToken), cancellationToken);
        if (!organizations.TryGet(out var page, out var problem))
        {
            return problem;
        }

        var places = new List<Place>();
        foreach (var organization in page.Items)
        {
            var projects = await api.AskAsync(
                client => client.Organizations.ListProjectsAsync(organization.Id, PlacesMax, cancellationToken: cancellationToken), cancellationToken);
            if (!projects.TryGet(out var found, out problem))
            {
                return problem;
            }

            places.AddRange(found.Items.Select(project => new Place(organization, project)));
        }

        return places;
    }
}
