using System.Security.Cryptography;
using System.Text;
using Cloud.Kernel;

namespace Cloud.Contracts;

/// <summary>
/// Makes and checks the verifiers of SQL passwords, so that a password itself is never stored or sent between
/// processes.
/// Pure but for the salt, which the caller gives. Source: MySQL 8.0 source documentation, "Native Authentication" and
/// "Caching_sha2_password"; U. Drepper, "Unix crypt using SHA-256 and SHA-512".
/// </summary>
public static class SqlVerifiers
{
    /// <summary>Bytes of the salt inside a caching_sha2_password verifier.</summary>
    public const int SaltLength = 20;

    /// <summary>MySQL's limit against expensive hashing.</summary>
    public const int PasswordBytesMax = 256;

    private const string Sha2Prefix = "$A$005$";
    private const int Sha2Rounds = 5000;
    private const int Sha2DigestLength = 43;
    private const string Base64Alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    // The crypt order of the 32 digest bytes; groups of three become four characters, the last two become three.
    private static ReadOnlySpan<byte> CryptOrder =>
    [
        0, 10, 20, 21, 1, 11, 12, 22, 2, 3, 13, 23, 24, 4, 14, 15, 25, 5, 6, 16, 26, 27, 7, 17, 18, 28, 8, 9, 19, 29, 31, 30,
    ];

    /// <summary>mysql_native_password: <c>*</c> and 40 upper-case hex digits of SHA1(SHA1(password)).</summary>
    public static string Native(string password)
    {
#pragma warning disable CA5350 // SHA-1 is what the authentication method is made of.
        return "*" + Convert.ToHexString(SHA1.HashData(SHA1.HashData(Encoding.UTF8.GetBytes(password))));
#pragma warning restore CA5350
    }

    /// <summary>caching_sha2_password with a fresh random salt.</summary>
    public static string CachingSha2(string password) => CachingSha2(password, NewSalt());

    /// <summary>
    /// caching_sha2_password: <c>$A$005$</c>, the salt, and 43 characters of SHA-256 crypt with 5,000 rounds.
    /// </summary>
    /// <param name="salt"><see cref="SaltLength"/> characters, each of 7 bits and neither zero nor <c>$</c>.</param>
    public static string CachingSha2(string password, ReadOnlySpan<byte> salt)
    {
        Invariant.Require(salt.Length == SaltLength, $"a salt has {SaltLength} characters: {salt.Length}");
        var secret = Encoding.UTF8.GetBytes(password);
        Invariant.Require(secret.Length <= PasswordBytesMax, $"a password has at most {PasswordBytesMax} bytes: {secret.Length}");
        return Sha2Prefix + Encoding.ASCII.GetString(salt) + Crypt(secret, salt);
    }

    /// <summary>
    /// Whether <paramref name="password"/> belongs to a caching_sha2_password verifier; false for a malformed verifier.
    /// </summary>
    public static bool MatchesCachingSha2(string verifier, ReadOnlySpan<byte> password)
    {
        if (!IsCachingSha2(verifier) || password.Length > PasswordBytesMax)
        {
            return false;
        }

        var bytes = Encoding.Latin1.GetBytes(verifier);
        var salt = bytes.AsSpan(Sha2Prefix.Length, SaltLength);
        var expected = bytes.AsSpan(Sha2Prefix.Length + SaltLength);
        return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Crypt(password, salt)), expected);
    }

    /// <summary>Whether a text has the shape of a caching_sha2_password verifier.</summary>
    public static bool IsCachingSha2(string verifier) =>
        verifier.StartsWith(Sha2Prefix, StringComparison.Ordinal)
        && verifier.Length == Sha2Prefix.Length + SaltLength + Sha2DigestLength;

    /// <summary>Whether a text has the shape of a mysql_native_password verifier.</summary>
    public static bool IsNative(string verifier) =>
        verifier.Length == 41 && verifier[0] == '*' && !verifier.AsSpan(1).ContainsAnyExcept("0123456789ABCDEF");

    private static byte[] NewSalt()
    {
        // Letters and digits only: safe in SQL text, JSON and shells alike. 20 of them carry 119 bits.
        return Encoding.ASCII.GetBytes(RandomNumberGenerator.GetString(Base64Alphabet.AsSpan(2), SaltLength));
    }

    /// <summary>
    /// The digest part of SHA-256 crypt, step by step as its author specifies, with a salt longer than crypt(3) takes.
    /// </summary>
    private static string Crypt(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        StartDigest(hash, password, salt, digest);

        // As many bytes as the password is long, of a digest over the password repeated.
        Span<byte> scratch = stackalloc byte[SHA256.HashSizeInBytes];
        for (var i = 0; i < password.Length; i++)
        {
            hash.AppendData(password);
        }

        hash.GetHashAndReset(scratch);
        Span<byte> passwordBytes = stackalloc byte[password.Length];
        Repeat(scratch, passwordBytes);
        for (var i = 0; i < 16 + digest[0]; i++)
        {
            hash.AppendData(salt);
        }

        hash.GetHashAndReset(scratch);
        Span<byte> saltBytes = stackalloc byte[salt.Length];
        Repeat(scratch, saltBytes);
        for (var round = 0; round < Sha2Rounds; round++)
        {
            hash.AppendData(round % 2 == 1 ? passwordBytes : digest);
            if (round % 3 != 0)
            {
                hash.AppendData(saltBytes);
            }

            if (round % 7 != 0)
            {
                hash.AppendData(passwordBytes);
            }

            hash.AppendData(round % 2 == 1 ? digest : passwordBytes);
            hash.GetHashAndReset(digest);
        }

        return EncodeDigest(digest);
    }

    private static void StartDigest(IncrementalHash hash, ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, Span<byte> digest)
    {
        Span<byte> alternate = stackalloc byte[SHA256.HashSizeInBytes];
        hash.AppendData(password);
        hash.AppendData(salt);
        hash.AppendData(password);
        hash.GetHashAndReset(alternate);

        Span<byte> stretched = stackalloc byte[password.Length];
        Repeat(alternate, stretched);
        hash.AppendData(password);
        hash.AppendData(salt);
        hash.AppendData(stretched);
        for (var bits = password.Length; bits > 0; bits >>= 1)
        {
            hash.AppendData((bits & 1) != 0 ? alternate : password);
        }

        hash.GetHashAndReset(digest);
    }

    private static void Repeat(ReadOnlySpan<byte> pattern, Span<byte> destination)
    {
        for (; destination.Length > pattern.Length; destination = destination[pattern.Length..])
        {
            pattern.CopyTo(destination);
        }

        pattern[..destination.Length].CopyTo(destination);
    }

    private static string EncodeDigest(ReadOnlySpan<byte> digest)
    {
        Span<char> text = stackalloc char[Sha2DigestLength];
        var at = 0;
        for (var i = 0; i < CryptOrder.Length; i += 3)
        {
            var whole = i + 3 <= CryptOrder.Length;
            var bits = whole
                ? (digest[CryptOrder[i]] << 16) | (digest[CryptOrder[i + 1]] << 8) | digest[CryptOrder[i + 2]]
                : (digest[CryptOrder[i]] << 8) | digest[CryptOrder[i + 1]];
            for (var characters = whole ? 4 : 3; characters > 0; characters--, bits >>= 6)
            {
                text[at++] = Base64Alphabet[bits & 63];
            }
        }

        return new string(text);
    }
}
