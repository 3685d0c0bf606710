using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cloud.Modules.Platform.Secrets;

namespace Cloud.Modules.Platform.Paging;

/// <summary>Where the next page begins.</summary>
/// <param name="Key">Value of the ordering field in the last row, as text.</param>
/// <param name="Id">Id of the last row.</param>
/// <param name="CutOff">When the first page was read: rows created later belong to no page of this walk.</param>
internal sealed record PagePosition(string Key, Guid Id, DateTimeOffset CutOff);

/// <summary>
/// Writes positions as opaque tokens that cannot be forged or carried to another list: HMAC-SHA256, cut to 128 bits, over the
/// position and the list's identity (path, filter, order). Thread-safe.
/// </summary>
internal sealed class PageTokens(ISecretSealer sealer)
{
    private const int MacLength = 16;
    private readonly Lazy<byte[]> _key = new(() => sealer.DeriveKey("page-token"));

    public string Write(PagePosition position, string list)
    {
        var payload = JsonSerializer.SerializeToUtf8Bytes(position);
        var token = new byte[MacLength + payload.Length];
        Mac(payload, list).CopyTo(token.AsSpan());
        payload.CopyTo(token.AsSpan(MacLength));
        return Base64Url.EncodeToString(token);
    }

    /// <returns>Null when the token is not one that <see cref="Write"/> gave for this list.</returns>
    public PagePosition? Read(string text, string list)
    {
        if (text.Length > 2000 || !Base64Url.IsValid(text))
        {
            return null;
        }

        var token = Base64Url.DecodeFromChars(text);
        if (token.Length <= MacLength || !CryptographicOperations.FixedTimeEquals(
            token.AsSpan(0, MacLength), Mac(token.AsSpan(MacLength).ToArray(), list)))
        {
            return null;
        }

        return JsonSerializer.Deserialize<PagePosition>(token.AsSpan(MacLength));
    }

    private byte[] Mac(byte[] payload, string list)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key.Value);
        hmac.AppendData(payload);
        hmac.AppendData(Encoding.UTF8.GetBytes(list));
        return hmac.GetHashAndReset()[..MacLength];
    }
}
