using System.Diagnostics.Metrics;
using System.Net;
using Cloud.Contracts;
using Cloud.Execution.Expressions;
using Cloud.Kernel;
using Cloud.KvClient;
using Cloud.MySql.Server;
using Cloud.Node.Sql;
using Cloud.Node.Status;
using Cloud.Rpc;
using Cloud.Sql;

namespace Cloud.Node.Roles;

/// <summary>
/// Runs the SQL service. The MySQL port is bound at once, so that a port conflict shows at once; clients are let in when the catalog can
/// be read, which needs PD and storage.
/// </summary>
internal sealed class SqlRole : INodeRole
{
    /// <summary>Chosen here: a cluster that is being created should not wait for its last process to look again.</summary>
    private static readonly TimeSpan RetryMax = TimeSpan.FromMilliseconds(250);

    private readonly NodeConfig _config;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly SqlAccounts _accounts;
    private readonly SqlHandler _handler;
    private readonly KvCluster _cluster;
    private readonly Meter _meter = new("Cloud.MySql");
    private readonly TaskCompletionSource<Exception> _fault = new();
    private MySqlServer? _server;
    private SqlEngine? _engine;
    private string? _notReady = "starting";

    /// <param name="multiplex">False when PD and storage live in this process.</param>
    public SqlRole(NodeConfig config, IRpcChannelFactory channels, bool multiplex, TimeProvider time, ILoggerFactory loggers)
    {
        _config = config;
        _time = time;
        _loggers = loggers;
        _logger = loggers.CreateLogger<SqlRole>();
        _accounts = new SqlAccounts(config.SqlUsers);
        _handler = new SqlHandler(_accounts);
        var options = new KvClientOptions { PdEndpoints = config.PdEndpoints, ClusterId = config.PdClusterId, Multiplex = multiplex };
        _cluster = new KvCluster(options, channels, time, loggers);
    }

    public string? NotReadyReason => _notReady;

    /// <summary>The port bound.</summary>
    public int Port => _server?.Port ?? 0;

    public UsageCounters Usage => new()
    {
        SqlCpuMs = (long)ProcessMetrics.CpuTime().TotalMilliseconds,
        EgressBytes = _server?.Counters.BytesSent ?? 0,
    };

    public Task<Exception> Fault => _fault.Task;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _server = MySqlServer.Start(
            new MySqlServerOptions
            {
                Listen = new IPEndPoint(NodeConfigFile.BindAddress(_config), _config.ClientPort),
                ServerVersion = SqlEngine.ServerVersion,
            },
            _handler,
            _loggers,
            _time);
        Apply(_config);
        Measure(_server);
        return Task.CompletedTask;
    }

    public async Task BecomeReadyAsync(CancellationToken cancellationToken)
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(20), RetryMax, new SeededRandom(_config.PdClusterId));
        _notReady = "waiting for PD and storage";
        _engine = new SqlEngine(
            _cluster, _time, new SqlEngineOptions { GarbageFailed = error => NodeLog.Waiting(_logger, "Removal of dropped tables", error.Message) });
        while (true)
        {
            try
            {
                await ReadCatalogAsync(_engine, cancellationToken);
                _handler.Open(_engine.CreateSession);
                _notReady = null;
                return;
            }
            catch (Exception error) when (error is KvException or SqlException)
            {
                var reason = $"waiting for PD and storage: {error.Message}";
                if (!string.Equals(reason, _notReady, StringComparison.Ordinal))
                {
                    NodeLog.Waiting(_logger, "The key-value cluster", error.Message);
                }

                _notReady = reason;
                await Task.Delay(backoff.Next(), _time, cancellationToken);
            }
        }
    }

    public void Apply(NodeConfig config)
    {
        Invariant.Require(_server is not null, "a configuration is taken over after the start");
        var valid = AllowList.TryParse(config.AllowList, out var list, out var invalid);
        Invariant.Require(valid, $"the allow list was checked when it was read: {invalid}");
        _accounts.Replace(config.SqlUsers);
        _server.AllowList = list!; // Valid.
    }

    public Task DrainAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        _notReady = "stopping";
        return _server?.StopAsync(limit, cancellationToken) ?? Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        if (_engine is not null)
        {
            await _engine.DisposeAsync();
        }

        await _cluster.DisposeAsync();
        _meter.Dispose();
    }

    /// <summary>Takes a timestamp and reads the catalog at it, as the first statement of a client would.</summary>
    private static async Task ReadCatalogAsync(SqlEngine engine, CancellationToken cancellationToken)
    {
        var options = new SqlSessionOptions { User = "cloud", RemoteAddress = "localhost", ReadOnly = true };
        await using var session = engine.CreateSession(options);
        await session.ExecuteAsync("SHOW DATABASES"u8.ToArray(), new DiscardedResults(), cancellationToken);
    }

    private void Measure(MySqlServer server)
    {
        _meter.CreateObservableGauge("mysql_connections", () => server.Counters.ConnectionsOpen, description: "Open connections.");
        _meter.CreateObservableGauge("mysql_statements_running", () => server.Counters.StatementsRunning);
        _meter.CreateObservableCounter("mysql_connections_accepted", () => server.Counters.ConnectionsAccepted);
        _meter.CreateObservableCounter("mysql_connections_refused", () => server.Counters.ConnectionsRefused);
        _meter.CreateObservableCounter("mysql_authentication_failures", () => server.Counters.AuthenticationFailures);
        _meter.CreateObservableCounter("mysql_commands", () => server.Counters.Commands);
        _meter.CreateObservableCounter("mysql_errors", () => server.Counters.Errors);
        _meter.CreateObservableCounter("mysql_received_bytes", () => server.Counters.BytesReceived);
        _meter.CreateObservableCounter("mysql_sent_bytes", () => server.Counters.BytesSent);
    }
}
