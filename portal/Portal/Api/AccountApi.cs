using System.Globalization;

namespace Cloud.Portal.Api;

/// <summary>The person, their sessions, and the organizations and projects they belong to.</summary>
internal sealed class AccountApi(CloudApi api)
{
    /// <summary>As many organizations and projects as the switcher shows.</summary>
    private const int PlacesMax = 100;

    public Task<Reply<Person>> MeAsync(CancellationToken cancellationToken) =>
        api.GetAsync<Person>("v1/users/me", cancellationToken);

    public Task<Reply<Person>> RenameAsync(string name, CancellationToken cancellationToken) =>
        api.SendAsync<Person>(HttpMethod.Patch, "v1/users/me", new { name }, cancellationToken, ifMatch: "*");

    public Task<Reply<Nothing>> ChangePasswordAsync(string currentPassword, string newPassword, CancellationToken cancellationToken) =>
        api.SendAsync<Nothing>(HttpMethod.Post, "v1/users/me:changePassword", new { currentPassword, newPassword }, cancellationToken);

    /// <summary>Makes the person the operator of the cloud, by the token of the one-time link.</summary>
    public Task<Reply<Nothing>> ClaimOperatorAsync(string token, CancellationToken cancellationToken) =>
        api.SendAsync<Nothing>(HttpMethod.Post, "v1/users/me:claimOperator", new { token }, cancellationToken);

    public Task<Reply<Page<SignIn>>> SessionsAsync(CancellationToken cancellationToken) =>
        api.GetAsync<Page<SignIn>>("v1/sessions", cancellationToken);

    /// <summary>Ends a sign-in; <c>current</c> is the one that the call is made under.</summary>
    public Task<Reply<Nothing>> EndSessionAsync(string id, CancellationToken cancellationToken) =>
        api.SendAsync<Nothing>(HttpMethod.Delete, $"v1/sessions/{Uri.EscapeDataString(id)}", null, cancellationToken);

    /// <summary>Every project the person may enter, with its organization.</summary>
    public async Task<Reply<IReadOnlyList<Place>>> PlacesAsync(CancellationToken cancellationToken)
    {
        var size = PlacesMax.ToString(CultureInfo.InvariantCulture);
        var organizations = await api.GetAsync<Page<Organization>>($"v1/organizations?pageSize={size}", cancellationToken);
        if (!organizations.TryGet(out var page, out var problem))
        {
            return problem;
        }

        var places = new List<Place>();
        foreach (var organization in page.Items)
        {
            var projects = await api.GetAsync<Page<Project>>($"v1/organizations/{organization.Id}/projects?pageSize={size}", cancellationToken);
            if (!projects.TryGet(out var found, out problem))
            {
                return problem;
            }

            places.AddRange(found.Items.Select(project => new Place(organization, project)));
        }

        return places;
    }
}
