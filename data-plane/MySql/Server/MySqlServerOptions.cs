using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Cloud.MySql.Server;

/// <summary>Where and within which limits a <see cref="MySqlServer"/> serves.</summary>
public sealed record MySqlServerOptions
{
    /// <summary>Port 0 takes a free one, see <see cref="MySqlServer.Port"/>.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>As VERSION(); clients switch features by its first number.</summary>
    public string ServerVersion { get; init; } = "8.0.36-Cloud";

    /// <summary>
    /// Of the server's side of TLS, with its private key. Null: a self-signed one is made at the start.
    /// </summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Whether logins without TLS are refused (error 3159).</summary>
    public bool RequireTls { get; init; }

    /// <summary>Open connections, those still authenticating included; one more is refused with 1040.</summary>
    public int ConnectionsMax { get; init; } = 1000;

    /// <summary>Longest message of a client; MySQL's max_allowed_packet.</summary>
    public int MessageBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>From connect to the end of authentication; MySQL's connect_timeout.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Without a command; MySQL's wait_timeout.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(8);

    /// <summary>How long a client may leave results unread before it is dropped; MySQL's net_write_timeout.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>Cumulative counters since the start, and the gauges of now.</summary>
public readonly record struct MySqlServerCounters(
    long ConnectionsAccepted,
    long ConnectionsRefused,
    long AuthenticationFailures,
    long Commands,
    long Errors,
    long BytesReceived,
    long BytesSent,
    int ConnectionsOpen,
    int StatementsRunning);
