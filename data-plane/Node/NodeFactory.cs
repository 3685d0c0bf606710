using System.Net;
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
}
