using Cloud.KvClient.Pd;
using Cloud.KvClient.Requests;
using Microsoft.Extensions.Logging;

namespace Cloud.KvClient.Transactions;

/// <summary>What all transactions of a client share.</summary>
/// <param name="Sender">Requests to regions.</param>
/// <param name="Timestamps">Timestamps from PD.</param>
/// <param name="Locks">Resolves the locks of others.</param>
/// <param name="Options">The client's options.</param>
/// <param name="Logger">Of the client.</param>
internal sealed record TransactionServices(
    RegionSender Sender, TimestampSource Timestamps, LockResolver Locks, KvClientOptions Options, ILogger Logger)
{
    public RetryBudget BeginRetries() => Sender.Retries.Begin();

    public TimeProvider Time => Sender.Retries.Time;

    public ValueTask<ulong> GetTimestampAsync(CancellationToken cancellationToken) => Timestamps.GetAsync(BeginRetries(), cancellationToken);
}
