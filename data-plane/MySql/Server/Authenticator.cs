using System.Net;
using System.Security.Cryptography;
using Cloud.Execution.Expressions;
using Cloud.MySql.Protocol;

namespace Cloud.MySql.Server;

/// <summary>What a client said of itself before it is believed.</summary>
/// <param name="Plugin">
/// The method by which <paramref name="Response"/> was made; empty for old clients, which mean the native one.
/// </param>
/// <param name="Nonce">The challenge that was answered.</param>
internal sealed record LoginAttempt(string User, string Plugin, byte[] Response, byte[] Nonce, IPAddress Address, bool Encrypted);

/// <summary>
/// Checks passwords by mysql_native_password and caching_sha2_password. A client that answered by a method the account
/// cannot use is
/// asked to switch. Unknown users go through the same steps as known ones and fail at their end, so that names cannot
/// be probed.
/// Source: MySQL 8.0 source documentation, "Authentication Method Mismatch", "Caching_sha2_password". Thread-safe.
/// </summary>
internal sealed class Authenticator(IMySqlHandler handler, TimeProvider time) : IDisposable
{
    /// <summary>Longest password accepted, as in MySQL, plus the zero that ends it.</summary>
    private const int PasswordMessageBytesMax = 512;

    private const int RsaKeyBits = 2048;

    // A verifier of no password: the hash part is not the digest of anything that is known.
    private const string UnknownUserVerifier = "$A$005$AAAAAAAAAAAAAAAAAAAA0000000000000000000000000000000000000000000";

    private readonly PasswordCache _cache = new();
    private readonly LoginThrottle _throttle = new(time);
    private readonly Lazy<RSA> _rsa = new(static () => RSA.Create(RsaKeyBits));

    // Full authentications cost processor time on purpose: two at a time leave the rest of it to statements.
    private readonly SemaphoreSlim _hashing = new(2);

    /// <summary>20 random bytes of 7 bits, none of them zero or a dollar sign.</summary>
    public static byte[] NewNonce()
    {
        var nonce = RandomNumberGenerator.GetBytes(Wire.NonceLength);
        foreach (ref var octet in nonce.AsSpan())
        {
            octet = (byte)((octet % 90) + '%');
        }

        return nonce;
    }

    /// <summary>Carries out the exchange up to, but not including, the OK packet.</summary>
    /// <exception cref="SqlException">1045: not authenticated.</exception>
    public async ValueTask<SqlAccount> AuthenticateAsync(
        PacketChannel channel, LoginAttempt attempt, CancellationToken cancellationToken)
    {
        var account = handler.FindAccount(attempt.User);
        var builder = new PacketBuilder();
        var native = attempt.Plugin.Length == 0 || string.Equals(attempt.Plugin, Wire.NativePassword, StringComparison.Ordinal);
        if (native && account is { NativeVerifier: null })
        {
            attempt = await SwitchAsync(channel, builder, Wire.CachingSha2Password, attempt, cancellationToken);
            native = false;
        }
        else if (native && attempt is { Plugin.Length: > 0, Response.Length: 0 })
        {
            // Some clients answer nothing when their method is not the one of the greeting, and wait to be asked again.
            attempt = await SwitchAsync(channel, builder, Wire.NativePassword, attempt, cancellationToken);
        }
        else if (!native && !string.Equals(attempt.Plugin, Wire.CachingSha2Password, StringComparison.Ordinal))
        {
            attempt = await SwitchAsync(channel, builder, Wire.CachingSha2Password, attempt, cancellationToken);
        }

        var authentic = native
            ? MatchesNative(account, attempt)
            : await AuthenticateSha2Async(channel, builder, account, attempt, cancellationToken);
        if (account is null || !authentic)
        {
            await Task.Delay(_throttle.Fail(attempt.Address), time, cancellationToken);
            var used = attempt.Response.Length > 0 ? "YES" : "NO";
            throw new SqlException(1045, "28000", $"Access denied for user '{attempt.User}'@'{attempt.Address}' (using password: {used})");
        }

        _throttle.Succeed(attempt.Address);
        return account;
    }

    public void Dispose()
    {
        _hashing.Dispose();
        if (_rsa.IsValueCreated)
        {
            _rsa.Value.Dispose();
        }
    }

    private static bool MatchesNative(SqlAccount? account, LoginAttempt attempt)
    {
        if (account?.NativeVerifier is not { Length: 41 } verifier)
        {
            return false;
        }

        var stage2 = Convert.FromHexString(verifier.AsSpan(1));
        return attempt.Response.Length == 0 ? Scramble.IsNativeOfNothing(stage2) : Scramble.MatchesNative(attempt.Response, stage2, attempt.Nonce);
    }

    private static async ValueTask<LoginAttempt> SwitchAsync(
        PacketChannel channel, PacketBuilder builder, string plugin, LoginAttempt attempt, CancellationToken cancellationToken)
    {
        var nonce = NewNonce();
        channel.Write(builder.Start().Byte(Wire.EofHeader).ZeroTerminatedText(plugin).Bytes(nonce).Byte(0).Payload.Span);
        var response = await ExchangeAsync(channel, cancellationToken);
        return attempt with { Plugin = plugin, Nonce = nonce, Response = TrimZero(response).ToArray() };
    }

    /// <summary>An empty answer may come as a single zero.</summary>
    private static ReadOnlySpan<byte> TrimZero(ReadOnlyMemory<byte> response) =>
        response.Length == 1 && response.Span[0] == 0 ? [] : response.Span;

    private static async ValueTask<ReadOnlyMemory<byte>> ExchangeAsync(PacketChannel channel, CancellationToken cancellationToken)
    {
        await channel.FlushAsync(cancellationToken);
        return await channel.ReadAsync(cancellationToken)
            ? channel.Payload
            : throw new EndOfStreamException("The client left during authentication.");
    }

    private async ValueTask<bool> AuthenticateSha2Async(
        PacketChannel channel, PacketBuilder builder, SqlAccount? account, LoginAttempt attempt, CancellationToken cancellationToken)
    {
        if (attempt.Response.Length == 0)
        {
            return await MatchesVerifierAsync(account, ReadOnlyMemory<byte>.Empty, cancellationToken) && account is not null;
        }

        if (account is not null && _cache.Find(account) is { } stage2)
        {
            if (Scramble.MatchesSha2(attempt.Response, stage2, attempt.Nonce))
            {
                channel.Write(builder.Start().Byte(Wire.AuthMoreDataHeader).Byte(Wire.Sha2FastAuthSucceeded).Payload.Span);
                return true;
            }
        }

        channel.Write(builder.Start().Byte(Wire.AuthMoreDataHeader).Byte(Wire.Sha2FullAuthNeeded).Payload.Span);
        var password = await ReceivePasswordAsync(channel, builder, attempt, cancellationToken);
        if (password is null || !await MatchesVerifierAsync(account, password, cancellationToken) || account is null)
        {
            return false;
        }

        _cache.Store(account, Scramble.Sha2Stage2(password));
        return true;
    }

    /// <summary>
    /// The password in the clear: sent so inside TLS, encrypted for our RSA key otherwise. Null when it cannot be read.
    /// </summary>
    private async ValueTask<byte[]?> ReceivePasswordAsync(
        PacketChannel channel, PacketBuilder builder, LoginAttempt attempt, CancellationToken cancellationToken)
    {
        var message = await ExchangeAsync(channel, cancellationToken);
        if (attempt.Encrypted)
        {
            return message.Length <= PasswordMessageBytesMax ? message.Span.TrimEnd((byte)0).ToArray() : null;
        }

        if (message.Length == 1 && message.Span[0] == Wire.Sha2PublicKeyRequested)
        {
            channel.Write(
                builder.Start().Byte(Wire.AuthMoreDataHeader).Text(_rsa.Value.ExportSubjectPublicKeyInfoPem() + "\n").Payload.Span);
            message = await ExchangeAsync(channel, cancellationToken);
        }

        if (message.Length != RsaKeyBits / 8)
        {
            return null;
        }

        try
        {
            // The protocol fixes OAEP with SHA-1.
            var veiled = _rsa.Value.Decrypt(message.Span, RSAEncryptionPadding.OaepSHA1);
            return Scramble.Veil(veiled, attempt.Nonce).AsSpan().TrimEnd((byte)0).ToArray();
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private async ValueTask<bool> MatchesVerifierAsync(
        SqlAccount? account, ReadOnlyMemory<byte> password, CancellationToken cancellationToken)
    {
        await _hashing.WaitAsync(cancellationToken);
        try
        {
            return handler.MatchesCachingSha2(account?.CachingSha2Verifier ?? UnknownUserVerifier, password.Span);
        }
        finally
        {
            _hashing.Release();
        }
    }
}
