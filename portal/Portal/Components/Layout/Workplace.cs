using Cloud.Portal.Api;

namespace Cloud.Portal.Components.Layout;

/// <summary>The projects that the person may enter, and the one that the frame of the page points to. One per scope.</summary>
internal sealed class Workplace(AccountCalls account)
{
    private Task<Reply<IReadOnlyList<Place>>>? _loading;

    /// <summary>Raised when <see cref="Places"/> or <see cref="Current"/> changed.</summary>
    public event EventHandler? Changed;

    /// <summary>Empty until loaded.</summary>
    public IReadOnlyList<Place> Places { get; private set; } = [];

    /// <summary>The project in view; null until loaded.</summary>
    public Place? Current { get; private set; }

    public string ClustersUrl => Current is { } at ? $"/projects/{at.Project.Id}/clusters" : "/clusters";

    public string UsageUrl => Organization("usage");

    public string InvoicesUrl => Organization("invoices");

    public string ExportsUrl => Organization("exports");

    /// <summary>Loads the places; concurrent and later callers share one call unless it failed.</summary>
    public async Task<Reply<IReadOnlyList<Place>>> LoadAsync(CancellationToken cancellationToken)
    {
        if (Places.Count > 0)
        {
            return new List<Place>(Places);
        }

        _loading ??= account.PlacesAsync(cancellationToken);
        var reply = await _loading;
        _loading = null;
        if (reply.TryGet(out var places, out _))
        {
            Take(places);
        }

        return reply;
    }

    /// <summary>Takes places that are known already.</summary>
    public void Take(IReadOnlyList<Place> places)
    {
        Places = places;
        Current ??= places.Count > 0 ? places[0] : null;
        Changed?.Invoke(this, EventArgs.Empty);
    }

    /// <summary>Points the frame at a project; one that is not among the places changes nothing.</summary>
    public void EnterProject(string projectId) => Enter(Places.FirstOrDefault(place => place.Project.Id == projectId));

    /// <summary>Points the frame at an organization, unless it points into it already.</summary>
    public void EnterOrganization(string organizationId)
    {
        if (Current?.Organization.Id != organizationId)
        {
            Enter(Places.FirstOrDefault(place => place.Organization.Id == organizationId));
        }
    }

    private void Enter(Place? place)
    {
        if (place is not null && place != Current)
        {
            Current = place;
            Changed?.Invoke(this, EventArgs.Empty);
        }
    }

    private string Organization(string page) => Current is { } at ? $"/organizations/{at.Organization.Id}/{page}" : $"/{page}";
}
