using Cloud.ControlPlane.Tests.Platform;
using Cloud.Host;
using Cloud.TestKit;
using Npgsql;

namespace Cloud.ControlPlane.Tests.Guards;

/// <summary>
/// Two tenants. The owner has done, once, everything that the API lets an owner do (each endpoint's own example), so that as many
/// tables and kinds of resources as possible are filled.
/// </summary>
public sealed class GuardFixture : ApiFixture
{
    private ApiSession? _owner;
    private ApiSession? _stranger;

    public ApiSession Owner => _owner ?? throw new InvalidOperationException("The fixture has not been initialized.");

    public ApiSession Stranger => _stranger ?? throw new InvalidOperationException("The fixture has not been initialized.");

    /// <summary>By kind, which is the name of the route parameter: a resource of the owner.</summary>
    public IReadOnlyDictionary<string, Guid> OwnersResources { get; private set; } = new Dictionary<string, Guid>();

    internal IReadOnlyList<Subject> Subjects { get; private set; } = [];

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Subjects = Subject.Discover(CloudHost.EndpointsOf(App));
        _owner = await SignUpAsync();
        _stranger = await SignUpAsync();
        OwnersResources = await ResourcesAsync(this, Owner);
        foreach (var creation in Subjects.Where(subject => subject is { Method: "POST", Rules.IsMutation: true, Rules.ScopeParameter: not null }))
        {
            using var request = creation.Request(creation.Path(OwnersResources));
            using var reply = await Owner.Client.SendAsync(request);
            OwnersResources = await ResourcesAsync(this, Owner);
        }
    }

    public override async Task DisposeAsync()
    {
        _owner?.Dispose();
        _stranger?.Dispose();
        await base.DisposeAsync();
    }

    /// <summary>One resource of the person for each kind that they have.</summary>
    internal static async Task<IReadOnlyDictionary<string, Guid>> ResourcesAsync(ApiFixture fixture, ApiSession person)
    {
        var organization = Kernel.TypedId.Parse<Kernel.OrganizationId>(person.OrganizationId).Value;
        var found = new Dictionary<string, Guid>(StringComparer.Ordinal);
        await using var connection = new NpgsqlConnection(fixture.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            $"set role cloud_owner; select kind, id from cloud.resources where organization_id = '{organization}'", connection);
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            found.TryAdd(rows.GetString(0), rows.GetGuid(1));
        }

        return found;
    }
}
