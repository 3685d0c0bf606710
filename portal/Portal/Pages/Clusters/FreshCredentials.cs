using Cloud.ApiClient;

namespace Cloud.Portal.Pages.Clusters;

/// <summary>Passwords that the API gave out once, held in memory from the create to the page that shows them. One per circuit.</summary>
/// <remarks>Nothing is written: whoever reloads the page before copying the password resets it.</remarks>
internal sealed class FreshCredentials
{
    private readonly Dictionary<string, Credentials> _byCluster = new(StringComparer.Ordinal);

    public void Put(string clusterId, Credentials credentials) => _byCluster[clusterId] = credentials;

    public Credentials? For(string clusterId) => _byCluster.GetValueOrDefault(clusterId);

    /// <summary>The person has it: forget it. Idempotent.</summary>
    public void Forget(string clusterId) => _byCluster.Remove(clusterId);
}
