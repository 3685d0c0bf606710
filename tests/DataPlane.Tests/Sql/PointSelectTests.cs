using System.Diagnostics;
using System.Text;
using Cloud.Execution.Expressions;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Cloud.DataPlane.Tests.Sql;

public sealed class PointSelectTests(ITestOutputHelper output)
{
    private const int Rounds = 3000;

    /// <summary>Most bytes that one point select may allocate, text and prepared; the fake's own share is part of it.</summary>
    private const long BytesMax = 2_000;

    [Fact]
    public async Task A_point_select_reads_one_key_and_allocates_little()
    {
        var (database, client) = await SqlDatabase.CreateAsync();
        await using var _ = database;
        await client.RunAsync("CREATE TABLE sbtest1 (id INT AUTO_INCREMENT PRIMARY KEY, k INT, c CHAR(120), pad CHAR(60), KEY k_1 (k)); INSERT INTO sbtest1 (k,c,pad) VALUES (1,'c','p'),(2,'d','q')");
        var text = Encoding.UTF8.GetBytes("SELECT c FROM sbtest1 WHERE id=2");
        var prepared = await client.Session.PrepareAsync("SELECT c FROM sbtest1 WHERE id=?"u8.ToArray(), CancellationToken.None);
        Datum[] parameters = [Datum.FromInt64(2)];
        await MeasureAsync("text", () => client.Session.ExecuteAsync(text, client, CancellationToken.None));
        await MeasureAsync("prepared", () => client.Session.ExecutePreparedAsync(prepared.Id, parameters, client, CancellationToken.None));
        var (reads, scans) = (database.Storage.Reads, database.Storage.Scans);
        (await client.QueryAsync("SELECT c FROM sbtest1 WHERE id=2")).ShouldBe(["d"]);
        (database.Storage.Reads - reads).ShouldBeInRange(1, 2, "the row, and the schema version when the lease has run out");
        database.Storage.Scans.ShouldBe(scans);
    }

    private async Task MeasureAsync(string name, Func<ValueTask> run)
    {
        for (var i = 0; i < Rounds; i++)
        {
            await run();
        }

        var before = GC.GetTotalAllocatedBytes(precise: true);
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < Rounds; i++)
        {
            await run();
        }

        var micro = Stopwatch.GetElapsedTime(started).TotalMicroseconds / Rounds;
        var bytes = (GC.GetTotalAllocatedBytes(precise: true) - before) / Rounds;
        output.WriteLine($"{name}: {micro:0.0} µs, {bytes} bytes");
        bytes.ShouldBeLessThan(BytesMax, name);
    }
}
