using System.Buffers.Text;
using System.Security.Cryptography;

namespace Cloud.Modules.Platform.Secrets;

/// <summary>Secrets that we make up and a caller keeps: access tokens, client secrets, one-time links.</summary>
internal static class SecretTokens
{
    private const int RandomBytes = 32;

    /// <summary>The prefix, an underscore and 256 random bits in base64url; the prefix lets scanners of leaked secrets recognise it.</summary>
    public static string New(string prefix) => $"{prefix}_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes))}";
}
