using System.Collections.Concurrent;
using Cloud.KvClient.Requests;
using Cloud.Rpc;
using Cloud.Rpc.Methods;
using Cloud.Rpc.Proto.Pdpb;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Cloud.KvClient.Pd;

/// <summary>Calls to PD's leader, which it finds and follows. Thread-safe.</summary>
internal sealed partial class PdClient : IAsyncDisposable
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Source: client-go asks each member with this limit.</summary>
    private static readonly TimeSpan MemberTimeout = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, IRpcChannel> _channels = new(StringComparer.OrdinalIgnoreCase);
    private readonly SemaphoreSlim _discovering = new(1, 1);
    private readonly IRpcChannelFactory _factory;
    private readonly RetryPolicy _retries;
    private readonly ulong? _expectedClusterId;
    private readonly IReadOnlyList<string> _endpoints;
    private readonly ILogger _logger;
    private volatile IReadOnlyList<string> _members;
    private volatile Leadership? _leader;

    public PdClient(KvClientOptions options, IRpcChannelFactory factory, RetryPolicy retries, ILogger logger)
    {
        _endpoints = options.PdEndpoints;
        _members = options.PdEndpoints;
        _expectedClusterId = options.ClusterId;
        _factory = factory;
        _retries = retries;
        _logger = logger;
    }

    /// <summary>Calls the leader, again elsewhere while nobody answers.</summary>
    /// <param name="method">Which method.</param>
    /// <param name="makeRequest">Makes a request with the header given.</param>
    /// <param name="budget">The waits of the operation.</param>
    /// <exception cref="KvException">Unavailable, or Fatal when PD refuses for good.</exception>
    public async ValueTask<TResponse> CallAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method,
        Func<RequestHeader, TRequest> makeRequest,
        RetryBudget budget,
        CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        while (true)
        {
            var leader = await LeaderAsync(budget, cancellationToken);
            try
            {
                var request = makeRequest(new RequestHeader { ClusterId = leader.ClusterId });
                return await leader.Channel.CallAsync(method, request, CallTimeout, cancellationToken);
            }
            catch (RpcException failure) when (IsTransient(failure.Code))
            {
                Forget(leader);
                await budget.WaitAsync(RetryKind.PdRpc, failure.Message, cancellationToken);
            }
            catch (RpcException failure)
            {
                throw new KvException(KvErrorCode.Fatal, $"PD refused {method}: {failure.Message}", failure);
            }
        }
    }

    /// <summary>The leader, found if it is not known.</summary>
    public async ValueTask<Leadership> LeaderAsync(RetryBudget budget, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_leader is { } known)
            {
                return known;
            }

            await _discovering.WaitAsync(cancellationToken);
            try
            {
                if (_leader is null)
                {
                    _leader = await DiscoverAsync(cancellationToken);
                }
            }
            finally
            {
                _discovering.Release();
            }

            if (_leader is null)
            {
                await budget.WaitAsync(RetryKind.PdRpc, $"no PD member answered of {string.Join(", ", _members)}", cancellationToken);
            }
        }
    }

    /// <summary>Looks for the leader anew before the next call.</summary>
    public void Forget(Leadership leader) => Interlocked.CompareExchange(ref _leader, null, leader);

    /// <summary>Throws the error of a response's header, if it has one.</summary>
    public static void RequireOk(ResponseHeader? header, string what)
    {
        if (header?.Error is { } error && error.Type != ErrorType.Ok)
        {
            var code = error.Type == ErrorType.NotBootstrapped ? KvErrorCode.Unavailable : KvErrorCode.Fatal;
            throw new KvException(code, $"PD answered {what} with {error.Type}: {error.Message}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var channel in _channels.Values)
        {
            await channel.DisposeAsync();
        }

        _discovering.Dispose();
    }

    private static bool IsTransient(RpcStatusCode code) => code
        is RpcStatusCode.Unavailable or RpcStatusCode.DeadlineExceeded or RpcStatusCode.Cancelled
        or RpcStatusCode.Aborted or RpcStatusCode.Unknown or RpcStatusCode.Internal;

    /// <summary>Asks every member known who leads; null when none could say.</summary>
    private async Task<Leadership?> DiscoverAsync(CancellationToken cancellationToken)
    {
        foreach (var endpoint in _members)
        {
            try
            {
                var answer = await Channel(endpoint).CallAsync(
                    PdMethods.GetMembers, new GetMembersRequest(), MemberTimeout, cancellationToken);
                if (answer.Leader is { ClientUrls: [var url, ..] })
                {
                    RequireCluster(answer.Header.ClusterId);
                    _members = [.. answer.Members.SelectMany(static member => member.ClientUrls).Union(_endpoints, StringComparer.OrdinalIgnoreCase)];
                    return new Leadership(answer.Header.ClusterId, Channel(url), url);
                }
            }
            catch (RpcException failure)
            {
                LogMemberSilent(endpoint, failure.Message);
            }
        }

        return null;
    }

    private void RequireCluster(ulong found)
    {
        if (_expectedClusterId is { } expected && found != expected)
        {
            throw new KvException(KvErrorCode.Fatal, $"PD belongs to cluster {found}, not {expected}; check the PD endpoints");
        }
    }

    private IRpcChannel Channel(string endpoint) => _channels.GetOrAdd(endpoint, static (address, factory) => factory.Open(address), _factory);

    [LoggerMessage(Level = LogLevel.Debug, Message = "PD member {Endpoint} did not say who leads: {Reason}")]
    private partial void LogMemberSilent(string endpoint, string reason);
}

/// <summary>The leader at some time.</summary>
/// <param name="ClusterId">Of the cluster.</param>
/// <param name="Channel">To the leader; owned by the PD client.</param>
/// <param name="Address">The leader's URL.</param>
internal sealed record Leadership(ulong ClusterId, IRpcChannel Channel, string Address);
