using Cloud.Kernel;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Provisioning.Data;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Provisioning.Public;

/// <summary>What other modules may know of a host.</summary>
internal sealed record KnownHost(HostId Id, string Location, bool Connected, IReadOnlyList<string> Versions);

/// <summary>The hosts that have joined. Scoped.</summary>
internal sealed class HostDirectory(CloudDbContext database)
{
    private IReadOnlyList<KnownHost>? _known;

    /// <summary>All of them, in no order; read once per scope.</summary>
    public async Task<IReadOnlyList<KnownHost>> ListAsync(CancellationToken cancellationToken) =>
        _known ??=
        [
            .. (await database.Set<HostRow>().AsNoTracking().ToListAsync(cancellationToken)).Select(host => new KnownHost(
                host.Id, host.Location, host.SessionId is not null && host.SilentSince is null, host.Versions)),
        ];
}
