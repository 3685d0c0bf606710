using System.Collections.Concurrent;
using System.Net.Sockets;
using Cloud.MySql.Client;
using Cloud.TestKit;

namespace Cloud.SystemTests.Faults;

/// <summary>
/// Several clients that insert rows and remember which inserts were acknowledged. A broken connection makes them connect again; a row
/// whose answer never came may or may not be there, one whose answer came must be.
/// </summary>
internal sealed class AcknowledgedWrites(ClusterUnderTest cluster, int clients) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentBag<int> _acknowledged = [];
    private readonly List<Task> _running = [];
    private int _next;

    public int Count => _acknowledged.Count;

    public async Task StartAsync()
    {
        await using var connection = await ConnectAsync(database: null, CancellationToken.None);
        await connection.QueryAsync("create database load_test", CancellationToken.None);
        await connection.QueryAsync("create table load_test.rows_written (id int primary key, body varchar(64) not null)", CancellationToken.None);
        _running.AddRange(Enumerable.Range(0, clients).Select(_ => Task.Run(WriteAsync)));
    }

    /// <summary>Ends the load and returns the acknowledged ids that are not in the table.</summary>
    public async Task<IReadOnlyList<int>> StopAndFindMissingAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_running);
        await using var connection = await ConnectEventuallyAsync();
        var result = await connection.QueryAsync("select id from load_test.rows_written", int.MaxValue, CancellationToken.None);
        var found = result.Rows.Select(row => int.Parse(row[0]!, System.Globalization.CultureInfo.InvariantCulture)).ToHashSet(); // a primary key is never null
        return [.. _acknowledged.Where(id => !found.Contains(id)).Order()];
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_running);
        _stopping.Dispose();
    }

    private async Task WriteAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await using var connection = await ConnectAsync("load_test", _stopping.Token);
                while (true)
                {
                    var id = Interlocked.Increment(ref _next);
                    await connection.QueryAsync($"insert into rows_written values ({id}, 'row {id}')", _stopping.Token);
                    _acknowledged.Add(id);
                }
            }
            catch (Exception exception) when (IsOutage(exception))
            {
                // The row's fate is unknown, which is what an unacknowledged write means.
                await Task.Delay(50);
            }
        }
    }

    private async Task<MySqlConnection> ConnectEventuallyAsync() => await Eventually.NotNullAsync(async () =>
    {
        try
        {
            var connection = await ConnectAsync("load_test", CancellationToken.None);
            await connection.QueryAsync("select count(*) from rows_written", CancellationToken.None);
            return connection;
        }
        catch (Exception exception) when (IsOutage(exception))
        {
            return null;
        }
    });

    private Task<MySqlConnection> ConnectAsync(string? database, CancellationToken cancellationToken) => MySqlConnection.ConnectAsync(
        new MySqlConnectionOptions
        {
            Host = cluster.MySqlHost, Port = cluster.MySqlPort, User = "root", Password = cluster.RootPassword, Database = database,
        },
        cancellationToken);

    private static bool IsOutage(Exception exception) =>
        exception is MySqlException or SocketException or IOException or OperationCanceledException or TimeoutException;
}
