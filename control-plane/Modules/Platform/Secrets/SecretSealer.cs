using System.Security.Cryptography;
using System.Text;
using Cloud.Kernel;

namespace Cloud.Modules.Platform.Secrets;

/// <summary>Seals what must be stored but not be read from the database alone. Thread-safe.</summary>
internal interface ISecretSealer
{
    /// <summary>Encrypts and authenticates.</summary>
    /// <param name="purpose">What the secret is for; <see cref="Open"/> must name the same, so that one column's values do not open in another's place.</param>
    /// <param name="plaintext">Copied; the caller keeps its buffer.</param>
    byte[] Seal(string purpose, ReadOnlySpan<byte> plaintext);

    /// <summary>Opens what <see cref="Seal"/> gave.</summary>
    /// <exception cref="CryptographicException">It was changed, was sealed for another purpose, or its key is not in the key file.</exception>
    byte[] Open(string purpose, ReadOnlySpan<byte> sealedBytes);

    /// <summary>A key for authenticating short-lived tokens of ours, derived from the newest master key. 32 bytes.</summary>
    byte[] DeriveKey(string purpose);
}

/// <summary>
/// AES-256-GCM under the master keys of a file. Layout: version (1 byte, now 1), key id (4), nonce (12), tag (16), ciphertext.
/// The nonce is random: at 2^32 messages per key the chance of a repeat reaches 2^-32, the bound of NIST SP 800-38D, section 8.3.
/// </summary>
internal sealed class SecretSealer(MasterKeys keys) : ISecretSealer
{
    private const byte FormatVersion = 1;
    private const int KeyIdLength = 4;
    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const int HeaderLength = 1 + KeyIdLength + NonceLength + TagLength;

    public byte[] Seal(string purpose, ReadOnlySpan<byte> plaintext)
    {
        var key = keys.Newest;
        var result = new byte[HeaderLength + plaintext.Length];
        result[0] = FormatVersion;
        key.Id.CopyTo(result.AsSpan(1));
        var nonce = result.AsSpan(1 + KeyIdLength, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key.Secret, TagLength);
        aes.Encrypt(
            nonce,
            plaintext,
            result.AsSpan(HeaderLength),
            result.AsSpan(1 + KeyIdLength + NonceLength, TagLength),
            Encoding.UTF8.GetBytes(purpose));
        return result;
    }

    public byte[] Open(string purpose, ReadOnlySpan<byte> sealedBytes)
    {
        if (sealedBytes.Length < HeaderLength || sealedBytes[0] != FormatVersion)
        {
            throw new CryptographicException("The sealed value has an unknown format.");
        }

        var id = sealedBytes.Slice(1, KeyIdLength);
        var key = keys.Find(id) ?? throw new CryptographicException(
            $"Master key {Convert.ToHexStringLower(id)} is not in the key file. Restore the key file that belongs to this database.");
        var plaintext = new byte[sealedBytes.Length - HeaderLength];
        using var aes = new AesGcm(key.Secret, TagLength);
        aes.Decrypt(
            sealedBytes.Slice(1 + KeyIdLength, NonceLength),
            sealedBytes[HeaderLength..],
            sealedBytes.Slice(1 + KeyIdLength + NonceLength, TagLength),
            plaintext,
            Encoding.UTF8.GetBytes(purpose));
        return plaintext;
    }

    public byte[] DeriveKey(string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, keys.Newest.Secret, 32, info: Encoding.UTF8.GetBytes(purpose));
}

/// <summary>One master key.</summary>
/// <param name="Id">The first 4 bytes of the secret's SHA-256.</param>
/// <param name="Secret">32 bytes.</param>
internal sealed record MasterKey(byte[] Id, byte[] Secret)
{
    public static MasterKey From(byte[] secret)
    {
        Invariant.Require(secret.Length == 32, "a master key has 32 bytes");
        return new MasterKey(SHA256.HashData(secret)[..4], secret);
    }
}

/// <summary>
/// The master keys of this cloud: <c>CLOUD_HOME/secrets/master.key</c>, one base64 key of 32 bytes per line, the newest last.
/// Made with mode 0600 when missing. Read once, on first use; thread-safe.
/// </summary>
internal sealed class MasterKeys(CloudSettings settings)
{
    private readonly Lazy<IReadOnlyList<MasterKey>> _keys = new(() => Load(FileOf(settings)));

    public MasterKey Newest => _keys.Value[^1];

    public MasterKey? Find(ReadOnlySpan<byte> id)
    {
        foreach (var key in _keys.Value)
        {
            if (id.SequenceEqual(key.Id))
            {
                return key;
            }
        }

        return null;
    }

    /// <summary>Adds a key to the file, which takes effect where it is read next. The file is replaced whole: a crash leaves the old one.</summary>
    /// <returns>Path of the file.</returns>
    public string Rotate()
    {
        var file = FileOf(settings);
        SecretFile.CreateIfMissing(file, NewLine);
        SecretFile.Replace(file, File.ReadAllText(file).TrimEnd('\n') + "\n" + NewLine());
        return file;
    }

    private static string FileOf(CloudSettings settings) => Path.Combine(settings.SecretsFolder, "master.key");

    private static string NewLine() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) + "\n";

    private static IReadOnlyList<MasterKey> Load(string path)
    {
        SecretFile.CreateIfMissing(path, NewLine);
        var keys = File.ReadAllLines(path)
            .Where(line => !string.IsNullOrWhiteSpace(line))
            .Select(line => MasterKey.From(Convert.FromBase64String(line.Trim())))
            .ToList();
        return keys.Count > 0 ? keys : throw new InvalidOperationException($"The key file '{path}' is empty. Restore it from a backup.");
    }
}

/// <summary>Files that only their owner may read.</summary>
internal static class SecretFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes the file with mode 0600 if there is none; of several processes that try, one wins and the others keep its file.</summary>
    /// <returns>Whether this call made it.</returns>
    public static bool CreateIfMissing(string path, Func<string> content)
    {
        if (File.Exists(path))
        {
            return false;
        }

        Directory.CreateDirectory(
            Path.GetDirectoryName(path)!, // a file path has a folder
            OwnerOnly | UnixFileMode.UserExecute);
        var temporary = $"{path}.{Environment.ProcessId}.{Guid.NewGuid():N}";
        Write(temporary, content());
        try
        {
            // Neither half-written nor overwritten: the complete file appears under its name, or the name was taken.
            File.Move(temporary, path, overwrite: false);
            return true;
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(temporary);
            return false;
        }
    }

    /// <summary>Puts a new file in the place of the old one, in one step.</summary>
    public static void Replace(string path, string content)
    {
        var temporary = $"{path}.{Environment.ProcessId}.{Guid.NewGuid():N}";
        Write(temporary, content);
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Writes the file with mode 0600 and flushes it to disk.</summary>
    public static void Write(string path, string content)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
        };
        using var stream = new FileStream(path, options);
        stream.Write(Encoding.UTF8.GetBytes(content));
        stream.Flush(flushToDisk: true);
    }
}
