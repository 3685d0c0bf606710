using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Node.Roles;
using Cloud.Rpc.Client;

namespace Cloud.Node;

/// <summary>Puts together the process that a command line asks for.</summary>
internal static class NodeFactory
{
    /// <exception cref="NodeExitException">The configuration cannot be used.</exception>
    public static NodeProcess Create(CommandLine command, TimeProvider time, ILoggerFactory loggers) => command switch
    {
        CommandLine.RunRole run => CreateRole(run, time, loggers),
        CommandLine.RunAll run => CreateAll(run, time, loggers),
        _ => throw new InvariantViolatedException($"{command} does not run a node"),
    };

    private static NodeProcess CreateRole(CommandLine.RunRole run, TimeProvider time, ILoggerFactory loggers)
    {
        var config = NodeConfigFile.Load(run.ConfigFile);
        if (config.InstanceId != run.Instance || config.Role != run.Role)
        {
            throw new NodeExitException(
                NodeExitCodes.ConfigurationInvalid,
                $"{run.ConfigFile} is of {config.Role.Word()} {config.InstanceId}, the command line of {run.Role.Word()} {run.Instance}.");
        }

        var channels = new HttpRpcChannelFactory(new RpcChannelOptions(), time);
        INodeRole role = run.Role switch
        {
            InstanceRole.Pd => new PdRole(config, time, loggers),
            InstanceRole.Storage => new StorageRole(config, channels, time, loggers),
            InstanceRole.Sql => new SqlRole(config, channels, multiplex: true, time, loggers),
            _ => throw new NodeExitException(ExitCodes.Usage, $"This build has no role {run.Role.Word()}."),
        };
        var options = new NodeProcessOptions
        {
            Role = run.Role.Word(),
            Instance = config.InstanceId.ToString(),
            Status = new IPEndPoint(NodeConfigFile.BindAddress(config), config.StatusPort),
            DataDirectory = run.Role == InstanceRole.Sql ? null : config.DataDirectory,
            ConfigFile = run.ConfigFile,
        };
        return new NodeProcess(options, role, time, loggers);
    }

    private static NodeProcess CreateAll(CommandLine.RunAll run, TimeProvider time, ILoggerFactory loggers)
    {
        if (!IPAddress.TryParse(run.BindAddress, out var bind))
        {
            throw new NodeExitException(ExitCodes.Usage, $"--bind: '{run.BindAddress}' is not an IP address.");
        }

        if (!IPAddress.IsLoopback(bind))
        {
            throw new NodeExitException(
                ExitCodes.Usage, $"--bind: {bind} is not a loopback address; the user root of 'all' has no password.");
        }

        Directory.CreateDirectory(run.DataDirectory);
        var clusterId = ClusterIdOf(run.DataDirectory);
        var pdPort = FreeIfZero(run.PdPort, bind);
        var pd = new NodeConfig
        {
            InstanceId = InstanceId.From(GuidOf(clusterId)),
            ClusterId = ClusterId.From(GuidOf(clusterId)),
            PdClusterId = clusterId,
            Role = InstanceRole.Pd,
            BindAddress = run.BindAddress,
            AdvertisedAddress = run.BindAddress,
            ClientPort = pdPort,
            StatusPort = run.StatusPort,
            DataDirectory = Path.Combine(run.DataDirectory, "pd"),
            PdEndpoints = [string.Create(CultureInfo.InvariantCulture, $"{run.BindAddress}:{pdPort}")],
        };
        var storage = pd with
        {
            Role = InstanceRole.Storage,
            ClientPort = FreeIfZero(run.StoragePort, bind),
            DataDirectory = Path.Combine(run.DataDirectory, "storage"),
        };
        var root = new SqlUserSpec("root", SqlVerifiers.Native(string.Empty), SqlVerifiers.CachingSha2(string.Empty), SqlGrants.All);
        var sql = pd with { Role = InstanceRole.Sql, ClientPort = run.MySqlPort, DataDirectory = null, SqlUsers = [root] };
        var options = new NodeProcessOptions
        {
            Role = "all",
            Instance = run.DataDirectory,
            Status = new IPEndPoint(bind, run.StatusPort),
            DataDirectory = run.DataDirectory,
        };
        return new NodeProcess(options, new AllRoles(pd, storage, sql, time, loggers), time, loggers);
    }

    /// <summary>The id of the cluster whose data the folder holds; a new one for a new folder.</summary>
    private static ulong ClusterIdOf(string directory)
    {
        var path = Path.Combine(directory, "cluster-id");
        if (File.Exists(path))
        {
            var text = File.ReadAllText(path).Trim();
            return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var known) && known != 0
                ? known
                : throw new NodeExitException(
                    NodeExitCodes.ConfigurationInvalid, $"{path} does not hold a cluster id. Restore it, or use an empty folder.");
        }

        var id = (ulong)RandomNumberGenerator.GetInt32(1, int.MaxValue);
        File.WriteAllText(path, id.ToString(CultureInfo.InvariantCulture));
        return id;
    }

    /// <summary>The same for each start on one folder, because PD keeps its member's name.</summary>
    private static Guid GuidOf(ulong clusterId)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], clusterId);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>Another program may take the port before it is bound, which then is reported as any taken port.</summary>
    private static int FreeIfZero(int port, IPAddress bind)
    {
        if (port != 0)
        {
            return port;
        }

        using var probe = new Socket(bind.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(bind, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port; // A bound socket has a local end point.
    }
}
