using System.Security.Cryptography;

namespace Cloud.MySql.Protocol;

/// <summary>
/// What both sides compute from a password and the server's challenge.
/// Source: MySQL 8.0 source documentation, "Native Authentication" and "Caching_sha2_password".
/// </summary>
internal static class Scramble
{
#pragma warning disable CA5350 // SHA-1 is what mysql_native_password is made of.

    /// <summary>SHA1(password) XOR SHA1(nonce + SHA1(SHA1(password))); empty for an empty password.</summary>
    public static byte[] Native(ReadOnlySpan<byte> password, ReadOnlySpan<byte> nonce)
    {
        if (password.IsEmpty)
        {
            return [];
        }

        var stage1 = SHA1.HashData(password);
        return Xor(stage1, SHA1.HashData([.. nonce, .. SHA1.HashData(stage1)]));
    }

    /// <summary>
    /// Whether a response proves knowledge of the password behind <paramref name="stage2"/>, its double SHA-1.
    /// </summary>
    public static bool MatchesNative(ReadOnlySpan<byte> response, ReadOnlySpan<byte> stage2, ReadOnlySpan<byte> nonce)
    {
        if (response.Length != SHA1.HashSizeInBytes)
        {
            return false;
        }

        var stage1 = Xor(response, SHA1.HashData([.. nonce, .. stage2]));
        return CryptographicOperations.FixedTimeEquals(SHA1.HashData(stage1), stage2);
    }

    /// <summary>Whether a double SHA-1 is that of the empty password, for which clients answer nothing.</summary>
    public static bool IsNativeOfNothing(ReadOnlySpan<byte> stage2) => stage2.SequenceEqual(SHA1.HashData(SHA1.HashData([])));

#pragma warning restore CA5350

    /// <summary>SHA256(password) XOR SHA256(SHA256(SHA256(password)) + nonce); empty for an empty password.</summary>
    public static byte[] Sha2(ReadOnlySpan<byte> password, ReadOnlySpan<byte> nonce)
    {
        if (password.IsEmpty)
        {
            return [];
        }

        var stage1 = SHA256.HashData(password);
        return Xor(stage1, SHA256.HashData([.. SHA256.HashData(stage1), .. nonce]));
    }

    /// <summary>
    /// Whether a response proves knowledge of the password behind <paramref name="stage2"/>, its double SHA-256.
    /// </summary>
    public static bool MatchesSha2(ReadOnlySpan<byte> response, ReadOnlySpan<byte> stage2, ReadOnlySpan<byte> nonce)
    {
        if (response.Length != SHA256.HashSizeInBytes)
        {
            return false;
        }

        var stage1 = Xor(response, SHA256.HashData([.. stage2, .. nonce]));
        return CryptographicOperations.FixedTimeEquals(SHA256.HashData(stage1), stage2);
    }

    /// <summary>SHA256(SHA256(password)), which the server caches after a full authentication.</summary>
    public static byte[] Sha2Stage2(ReadOnlySpan<byte> password) => SHA256.HashData(SHA256.HashData(password));

    /// <summary>
    /// XORs with the nonce repeated, as the password is veiled inside the RSA message. Its own inverse.
    /// </summary>
    public static byte[] Veil(ReadOnlySpan<byte> text, ReadOnlySpan<byte> nonce)
    {
        var veiled = text.ToArray();
        for (var i = 0; i < veiled.Length; i++)
        {
            veiled[i] ^= nonce[i % nonce.Length];
        }

        return veiled;
    }

    private static byte[] Xor(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var result = left.ToArray();
        for (var i = 0; i < result.Length; i++)
        {
            result[i] ^= right[i];
        }

        return result;
    }
}
