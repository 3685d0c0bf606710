using System.Net;
using System.Text.Json;
using Cloud.Contracts;
using Cloud.MySql.Server;

namespace Cloud.Node;

/// <summary>Reads and checks the configuration file, so that later code need not.</summary>
internal static class NodeConfigFile
{
    private const int FileBytesMax = 16 * 1024 * 1024;

    /// <exception cref="NodeExitException">
    /// The file is missing, not JSON, or not a configuration that this build can run.
    /// </exception>
    public static NodeConfig Load(string path)
    {
        try
        {
            var length = new FileInfo(path).Length;
            if (length > FileBytesMax)
            {
                throw Invalid(path, $"it has {length} bytes, more than {FileBytesMax}");
            }

            var config = JsonSerializer.Deserialize<NodeConfig>(File.ReadAllBytes(path), AgentProtocol.Json)
                ?? throw Invalid(path, "it is null");
            Check(path, config);
            return config;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            throw Invalid(path, error.Message);
        }
    }

    /// <summary>The bind address of a checked configuration.</summary>
    public static IPAddress BindAddress(NodeConfig config) => IPAddress.Parse(config.BindAddress);

    private static void Check(string path, NodeConfig config)
    {
        if (config.SchemaVersion != NodeConfig.CurrentSchemaVersion)
        {
            throw Invalid(path, $"schemaVersion is {config.SchemaVersion}; this build reads {NodeConfig.CurrentSchemaVersion}");
        }

        if (config.PdClusterId == 0)
        {
            throw Invalid(path, "pdClusterId is 0");
        }

        if (!IPAddress.TryParse(config.BindAddress, out _))
        {
            throw Invalid(path, $"bindAddress '{config.BindAddress}' is not an IP address");
        }

        if (!IsPort(config.ClientPort) || !IsPort(config.StatusPort))
        {
            throw Invalid(path, $"clientPort {config.ClientPort} and statusPort {config.StatusPort} must be 0 to 65535");
        }

        if (config.Role != InstanceRole.Sql && string.IsNullOrEmpty(config.DataDirectory))
        {
            throw Invalid(path, "dataDirectory is missing");
        }

        if (config.PdEndpoints.Count == 0)
        {
            throw Invalid(path, "pdEndpoints is empty");
        }

        if (!AllowList.TryParse(config.AllowList, out _, out var block))
        {
            throw Invalid(path, $"allowList: '{block}' is not a CIDR block");
        }

        foreach (var user in config.SqlUsers)
        {
            if (!SqlVerifiers.IsCachingSha2(user.CachingSha2Verifier)
                || (user.NativeVerifier is { } native && !SqlVerifiers.IsNative(native)))
            {
                throw Invalid(path, $"sqlUsers: the verifiers of '{user.Name}' are malformed");
            }
        }
    }

    private static bool IsPort(int port) => port is >= 0 and <= 65_535;

    private static NodeExitException Invalid(string path, string problem) =>
        new(NodeExitCodes.ConfigurationInvalid, $"The configuration {path} cannot be used: {problem}.");
}
