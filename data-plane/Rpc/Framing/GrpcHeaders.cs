using System.Globalization;
using System.Text;

namespace Cloud.Rpc.Framing;

/// <summary>Header values of gRPC. Source: gRPC over HTTP/2 (grpc/doc/PROTOCOL-HTTP2.md), "Requests" and "Responses".</summary>
internal static class GrpcHeaders
{
    public const string ContentType = "application/grpc";
    public const string Timeout = "grpc-timeout";
    public const string Encoding = "grpc-encoding";
    public const string AcceptEncoding = "grpc-accept-encoding";
    public const string Status = "grpc-status";
    public const string Message = "grpc-message";

    /// <summary>At most 8 digits and a unit.</summary>
    private const int TimeoutDigitsMax = 8;

    private const string TimeoutUnits = "numSMH";

    private static readonly string[] StatusTexts =
        [.. Enumerable.Range(0, 17).Select(static code => code.ToString(CultureInfo.InvariantCulture))];

    /// <summary>Whether a request's content type is gRPC: exactly, or followed by <c>+proto</c> or parameters.</summary>
    public static bool IsGrpc(string? contentType) =>
        contentType is not null
        && contentType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == ContentType.Length
            || contentType[ContentType.Length] == ';'
            || contentType.AsSpan(ContentType.Length).Equals("+proto", StringComparison.OrdinalIgnoreCase));

    /// <summary>Reads a timeout; false when it is malformed.</summary>
    public static bool TryParseTimeout(string text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > TimeoutDigitsMax + 1
            || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var amount))
        {
            return false;
        }

        var ticksPerUnit = text[^1] switch
        {
            'u' => TimeSpan.TicksPerMicrosecond,
            'm' => TimeSpan.TicksPerMillisecond,
            'S' => TimeSpan.TicksPerSecond,
            'M' => TimeSpan.TicksPerMinute,
            'H' => TimeSpan.TicksPerHour,
            _ => 0,
        };
        timeout = text[^1] == 'n' ? TimeSpan.FromTicks(amount / TimeSpan.NanosecondsPerTick) : TimeSpan.FromTicks(amount * ticksPerUnit);
        return TimeoutUnits.Contains(text[^1]);
    }

    /// <summary>Writes a timeout in milliseconds, or in seconds where that needs too many digits. Rounded up.</summary>
    public static string FormatTimeout(TimeSpan timeout)
    {
        var milliseconds = (long)Math.Ceiling(timeout.TotalMilliseconds);
        return milliseconds < 100_000_000
            ? string.Create(CultureInfo.InvariantCulture, $"{milliseconds}m")
            : string.Create(CultureInfo.InvariantCulture, $"{Math.Min(milliseconds / 1000, 99_999_999)}S");
    }

    public static string FormatStatus(RpcStatusCode code) => StatusTexts[(int)code];

    /// <summary>A code out of range counts as Unknown.</summary>
    public static RpcStatusCode ParseStatus(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code) && code < StatusTexts.Length
            ? (RpcStatusCode)code
            : RpcStatusCode.Unknown;

    /// <summary>Percent-encodes everything but printable ASCII, and the percent sign; cuts off after the limit.</summary>
    public static string EncodeMessage(string detail)
    {
        var cut = detail.Length > RpcLimits.StatusDetailMax ? detail.AsSpan(0, RpcLimits.StatusDetailMax) : detail;
        if (cut.IndexOfAnyExceptInRange(' ', '~') < 0 && !cut.Contains('%'))
        {
            return cut.Length == detail.Length ? detail : cut.ToString();
        }

        var encoded = new StringBuilder(cut.Length + 16);
        foreach (var octet in System.Text.Encoding.UTF8.GetBytes(cut.ToString()))
        {
            if (octet is >= 0x20 and <= 0x7E and not (byte)'%')
            {
                encoded.Append((char)octet);
            }
            else
            {
                encoded.Append(CultureInfo.InvariantCulture, $"%{octet:X2}");
            }
        }

        return encoded.ToString();
    }

    /// <summary>The inverse of <see cref="EncodeMessage"/>; what is not a valid escape is kept as it is.</summary>
    public static string DecodeMessage(string encoded) =>
        encoded.Contains('%') ? Uri.UnescapeDataString(encoded) : encoded;
}
