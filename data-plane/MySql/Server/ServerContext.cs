using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace Cloud.MySql.Server;

/// <summary>What all connections of one server share.</summary>
internal sealed class ServerContext : IDisposable
{
    private readonly Lazy<SslStreamCertificateContext> _certificate;
    private readonly X509Certificate2? _ownCertificate;

    public ServerContext(MySqlServerOptions options, IMySqlHandler handler, ILogger logger, TimeProvider time)
    {
        Options = options;
        Handler = handler;
        Logger = logger;
        Time = time;
        Authenticator = new Authenticator(handler, time);
        _ownCertificate = options.Certificate is null ? SelfSignedCertificate.Create("cloud-node", time) : null;
        _certificate = new Lazy<SslStreamCertificateContext>(
            () => SslStreamCertificateContext.Create(options.Certificate ?? _ownCertificate!, additionalCertificates: null, offline: true)); // One of both is set.
    }

    public MySqlServerOptions Options { get; }

    public IMySqlHandler Handler { get; }

    public ILogger Logger { get; }

    public TimeProvider Time { get; }

    public Authenticator Authenticator { get; }

    public SslStreamCertificateContext Certificate => _certificate.Value;

    public ServerTotals Totals { get; } = new();

    /// <summary>Whether connections end as soon as they are between transactions.</summary>
    public volatile bool Draining;

    public void Dispose()
    {
        Authenticator.Dispose();
        _ownCertificate?.Dispose();
    }
}

/// <summary>Counters that connections add to. Thread-safe.</summary>
internal sealed class ServerTotals
{
    private long _authenticationFailures;
    private long _commands;
    private long _errors;
    private long _bytesReceived;
    private long _bytesSent;

    public long AuthenticationFailures => Interlocked.Read(ref _authenticationFailures);

    public long Commands => Interlocked.Read(ref _commands);

    public long Errors => Interlocked.Read(ref _errors);

    public long BytesReceived => Interlocked.Read(ref _bytesReceived);

    public long BytesSent => Interlocked.Read(ref _bytesSent);

    public void CountAuthenticationFailure() => Interlocked.Increment(ref _authenticationFailures);

    public void CountCommand() => Interlocked.Increment(ref _commands);

    public void CountError() => Interlocked.Increment(ref _errors);

    public void CountBytes(long received, long sent)
    {
        Interlocked.Add(ref _bytesReceived, received);
        Interlocked.Add(ref _bytesSent, sent);
    }
}
