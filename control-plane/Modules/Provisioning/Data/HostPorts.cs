using Cloud.Kernel;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Provisioning.Domain;
using Cloud.Modules.Provisioning.Public;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Provisioning.Data;

/// <summary>The ports of hosts. The host's row must be locked by the caller's transaction. Not thread-safe.</summary>
internal sealed class HostPorts(CloudDbContext database)
{
    /// <summary>Chooses free ports, which the caller reserves with <see cref="ReserveAsync"/> in the same transaction.</summary>
    public async Task<Outcome<IReadOnlyList<int>>> TakeAsync(HostId host, int count, CancellationToken cancellationToken)
    {
        var row = await database.Set<HostRow>().AsNoTracking().SingleAsync(candidate => candidate.Id == host, cancellationToken);
        var taken = row.Capacity.PortsTaken.ToHashSet();
        await using (var command = database.Sql("select port from cloud.host_ports where host_id = @host", ("host", host.Value)))
        {
            await using var ports = await command.ExecuteReaderAsync(cancellationToken);
            while (await ports.ReadAsync(cancellationToken))
            {
                taken.Add(ports.GetInt32(0));
            }
        }

        var last = Math.Min(row.Capacity.PortLast, PortAllocator.PortMax);
        if (!PortAllocator.Take(row.Capacity.PortFirst, last, row.PortCursor, taken, count).TryGet(out var allocation, out var full))
        {
            return full;
        }

        await database.ExecuteSqlAsync(
            "update cloud.hosts set port_cursor = @cursor where id = @host",
            cancellationToken,
            ("cursor", allocation.Cursor),
            ("host", host.Value));
        return allocation.Ports.ToArray();
    }

    /// <summary>Records that the instance's ports are its own; the table's key refuses a port that is somebody else's.</summary>
    public Task ReserveAsync(BlueprintInstance instance, CancellationToken cancellationToken) => database.ExecuteSqlAsync(
        "insert into cloud.host_ports (host_id, port, instance_id) values (@host, @client, @instance), (@host, @status, @instance)",
        cancellationToken,
        ("host", instance.HostId.Value),
        ("client", instance.ClientPort),
        ("status", instance.StatusPort),
        ("instance", instance.Id.Value));

    /// <summary>Gives back all ports of an instance.</summary>
    public Task FreeAsync(InstanceId instance, CancellationToken cancellationToken) => database.ExecuteSqlAsync(
        "delete from cloud.host_ports where instance_id = @instance", cancellationToken, ("instance", instance.Value));
}
