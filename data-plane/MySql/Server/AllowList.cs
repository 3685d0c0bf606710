using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Cloud.MySql.Server;

/// <summary>Addresses that may connect, as CIDR blocks; an empty list admits everyone. Immutable.</summary>
public sealed class AllowList
{
    private readonly IPNetwork[] _networks;

    private AllowList(IPNetwork[] networks) => _networks = networks;

    public static AllowList Everyone { get; } = new([]);

    /// <summary>Parses blocks such as <c>10.0.0.0/8</c>, <c>2001:db8::/32</c> or a single address.</summary>
    /// <param name="invalid">The first block that is none, when the result is false.</param>
    public static bool TryParse(
        IReadOnlyList<string> blocks, [NotNullWhen(true)] out AllowList? list, [NotNullWhen(false)] out string? invalid)
    {
        var networks = new IPNetwork[blocks.Count];
        for (var i = 0; i < networks.Length; i++)
        {
            if (!TryParseBlock(blocks[i], out networks[i]))
            {
                list = null;
                invalid = blocks[i];
                return false;
            }
        }

        list = new AllowList(networks);
        invalid = null;
        return true;
    }

    public bool Admits(IPAddress address)
    {
        if (_networks.Length == 0)
        {
            return true;
        }

        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        foreach (var network in _networks)
        {
            if (network.Contains(plain))
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryParseBlock(string block, out IPNetwork network)
    {
        if (IPAddress.TryParse(block, out var address))
        {
            network = new IPNetwork(address, address.GetAddressBytes().Length * 8);
            return true;
        }

        return IPNetwork.TryParse(block, out network);
    }
}
