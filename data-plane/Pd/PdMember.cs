using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Cloud.Pd;

/// <summary>This member, as clients see it.</summary>
/// <param name="Id">Never 0; the same for a name in a cluster.</param>
/// <param name="Name">Unique in the cluster.</param>
/// <param name="ClientUrl">Where clients reach it, with <c>http://</c>.</param>
/// <param name="Version">Of this build.</param>
internal sealed record PdMember(ulong Id, string Name, string ClientUrl, string Version)
{
    public static PdMember Create(ulong clusterId, string name, string clientUrl)
    {
        var version = typeof(PdMember).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
        return new PdMember(IdOf(clusterId, name), name, clientUrl, version);
    }

    public static ulong IdOf(ulong clusterId, string name)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{clusterId}/{name}"), hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash) | 1;
    }
}
