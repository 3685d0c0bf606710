using Cloud.MySql.Client;
using Cloud.MySql.Protocol;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.MySql;

public sealed class CommandTests
{
    [Fact]
    public async Task Every_type_arrives_as_text_and_in_binary()
    {
        await using var fixture = ServerFixture.Start();
        await using var connection = await fixture.ConnectAsync();
        var text = await connection.QueryAsync("types", Deadline.Token);
        text.Columns.Select(c => c.Name).ShouldBe(EchoSession.AllTypes.Select(c => c.Name));
        text.Columns.Select(c => c.Type).ShouldBe(EchoSession.AllTypes.Select(c => c.Type.Type));
        text.Rows.ShouldHaveSingleItem().ShouldBe(EchoSession.AllValues);

        var query = await connection.PrepareAsync("types", Deadline.Token);
        var binary = await connection.ExecuteAsync(query, [], Deadline.Token);
        binary.Rows.ShouldHaveSingleItem().ShouldBe(EchoSession.AllValues);
    }

    [Theory]
    [InlineData(TlsMode.Disabled)]
    [InlineData(TlsMode.Required)]
    public async Task Many_rows_arrive_in_order(TlsMode tls)
    {
        await using var fixture = ServerFixture.Start();
        await using var connection = await fixture.ConnectAsync(tls: tls);
        var result = await connection.QueryAsync("rows 100000", Deadline.Token);
        result.Rows.Select(r => int.Parse(r[0]!)).ShouldBe(Enumerable.Range(0, 100_000));
        fixture.Server.Counters.BytesSent.ShouldBeGreaterThan(4_000_000);
    }

    [Fact]
    public async Task Values_and_statements_of_and_over_16_MiB_are_split_into_packets()
    {
        await using var fixture = ServerFixture.Start();
        await using var connection = await fixture.ConnectAsync();
        foreach (var length in new[] { 0xFF_FFFF - 10, 0xFF_FFFF - 4, 0xFF_FFFF, 0xFF_FFFF + 1, 40_000_000 })
        {
            (await connection.QueryAsync($"blob {length}", Deadline.Token)).Scalar!.Length.ShouldBe(length);
        }

        foreach (var length in new[] { 0xFF_FFFF - 2, 0xFF_FFFF - 1, 0xFF_FFFF, 35_000_000 })
        {
            (await connection.QueryAsync("length ".PadRight(length), Deadline.Token)).Scalar.ShouldBe("6");
        }
    }

    [Fact]
    public async Task A_statement_over_the_limit_ends_the_connection_with_1153()
    {
        await using var fixture = ServerFixture.Start(o => o with { MessageBytesMax = 1_000_000 });
        await using var connection = await fixture.ConnectAsync();
        var error = await Should.ThrowAsync<Exception>(() => connection.QueryAsync(new string('x', 1_000_001), Deadline.Token));
        if (error is MySqlException refused)
        {
            refused.Number.ShouldBe(1153);
        }

        await using var next = await fixture.ConnectAsync();
        (await next.QueryAsync("hello", Deadline.Token)).Scalar.ShouldBe("hello");
    }

    [Fact]
    public async Task Several_statements_give_several_results_and_stop_at_the_first_error()
    {
        await using var fixture = ServerFixture.Start();
        await using var connection = await fixture.ConnectAsync();
        var results = await connection.QueryAllAsync("one; begin; types", int.MaxValue, Deadline.Token);
        results.Count.ShouldBe(3);
        results[0].Scalar.ShouldBe("one");
        (results[1].AffectedRows, results[1].LastInsertId, results[1].Warnings, results[1].Message).ShouldBe((3UL, 42UL, 1, "done well"));
        results[1].Status.HasFlag(ServerStatus.InTransaction).ShouldBeTrue();
        results[2].Rows.Count.ShouldBe(1);

        (await Should.ThrowAsync<MySqlException>(() => connection.QueryAllAsync("one; fail; two", int.MaxValue, Deadline.Token)))
            .Number.ShouldBe(1062);
        (await connection.QueryAsync("still here", Deadline.Token)).Scalar.ShouldBe("still here");
    }

    [Fact]
    public async Task Parameters_reach_a_prepared_statement()
    {
        await using var fixture = ServerFixture.Start();
        await using var connection = await fixture.ConnectAsync();
        var query = await connection.PrepareAsync("insert ?, ?, ?", Deadline.Token);
        query.ParameterCount.ShouldBe(3);
        (await connection.ExecuteAsync(query, ["a", null, "ü"], Deadline.Token)).Scalar.ShouldBe("a|NULL|ü");
        (await connection.ExecuteAsync(query, [null, null, ""], Deadline.Token)).Scalar.ShouldBe("NULL|NULL|");
        await connection.CloseAsync(query, Deadline.Token);
        (await Should.ThrowAsync<MySqlException>(() => connection.ExecuteAsync(query, ["a", "b", "c"], Deadline.Token))).Number.ShouldBe(1243);
        await connection.PingAsync(Deadline.Token);
    }

    [Fact]
    public async Task Resetting_the_connection_forgets_statements_and_transaction()
    {
        await using var fixture = ServerFixture.Start();
        await using var connection = await fixture.ConnectAsync();
        var query = await connection.PrepareAsync("x", Deadline.Token);
        await connection.QueryAsync("begin", Deadline.Token);
        await connection.ResetAsync(Deadline.Token);
        (await Should.ThrowAsync<MySqlException>(() => connection.ExecuteAsync(query, [], Deadline.Token))).Number.ShouldBe(1243);
        var status = (await connection.QueryAsync("commit", Deadline.Token)).Status;
        status.HasFlag(ServerStatus.InTransaction).ShouldBeFalse();
    }

    [Fact]
    public async Task A_result_over_the_callers_limit_is_cut_and_the_connection_closed()
    {
        await using var fixture = ServerFixture.Start();
        await using var connection = await fixture.ConnectAsync();
        var result = await connection.QueryAsync("rows 100000", 10, Deadline.Token);
        result.Rows.Count.ShouldBe(10);
        result.Truncated.ShouldBeTrue();
        connection.IsOpen.ShouldBeFalse();
        await fixture.Handler.Ended.WaitAsync(Deadline.Token);
    }

    [Fact]
    public async Task A_defect_of_the_handler_ends_one_connection_and_no_other()
    {
        await using var fixture = ServerFixture.Start();
        await using var bystander = await fixture.ConnectAsync();
        await using var connection = await fixture.ConnectAsync();
        var error = await Should.ThrowAsync<MySqlException>(() => connection.QueryAsync("defect", Deadline.Token));
        error.Number.ShouldBe(1105);
        error.Message.ShouldNotContain("a defect of the handler");
        (await bystander.QueryAsync("hello", Deadline.Token)).Scalar.ShouldBe("hello");
    }

    [Fact]
    public async Task A_statement_is_cancelled_when_its_client_leaves()
    {
        await using var fixture = ServerFixture.Start();
        await using var connection = await fixture.ConnectAsync();
        using var leave = new CancellationTokenSource();
        var waiting = connection.QueryAsync("wait", leave.Token);
        await fixture.Handler.Waiting.WaitAsync(Deadline.Token);
        await leave.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => waiting);
        await fixture.Handler.Ended.WaitAsync(Deadline.Token);
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_dropped()
    {
        await using var fixture = ServerFixture.Start(o => o with { WriteTimeout = TimeSpan.FromSeconds(1) });
        using var raw = await RawClient.ConnectAsync(fixture.Server.Port);
        await raw.LogInAsync("empty");
        await raw.SendAsync([3, .. "rows 3000000"u8]);
        await fixture.Handler.Ended.WaitAsync(Deadline.Token);
    }

    [Fact]
    public async Task Idle_and_unauthenticated_connections_are_ended_after_their_time()
    {
        await using var fixture = ServerFixture.Start(
            o => o with { HandshakeTimeout = TimeSpan.FromSeconds(2), IdleTimeout = TimeSpan.FromSeconds(1) });
        using var silent = await RawClient.ConnectAsync(fixture.Server.Port);
        (await silent.ReadToEndAsync()).ShouldBeGreaterThan(0);
        await using var idle = await fixture.ConnectAsync(plugin: "mysql_native_password");
        await fixture.Handler.Ended.WaitAsync(Deadline.Token);
    }

    [Fact]
    public async Task Stopping_lets_a_transaction_finish_and_ends_idle_connections()
    {
        var fixture = ServerFixture.Start();
        await using var idle = await fixture.ConnectAsync();
        await using var busy = await fixture.ConnectAsync();
        await busy.QueryAsync("begin", Deadline.Token);
        var stopping = fixture.Server.StopAsync(Deadline.Limit, CancellationToken.None);
        await fixture.Handler.Ended.WaitAsync(Deadline.Token);
        await Should.ThrowAsync<Exception>(() => idle.QueryAsync("hello", Deadline.Token));
        await Should.ThrowAsync<Exception>(() => fixture.ConnectAsync());
        stopping.IsCompleted.ShouldBeFalse();
        (await busy.QueryAsync("hello", Deadline.Token)).Scalar.ShouldBe("hello");
        await busy.QueryAsync("commit", Deadline.Token);
        await stopping.WaitAsync(Deadline.Limit);
        await fixture.DisposeAsync();
    }

    [Fact]
    public async Task Stopping_cancels_what_runs_for_too_long()
    {
        var fixture = ServerFixture.Start();
        await using var busy = await fixture.ConnectAsync();
        var waiting = busy.QueryAsync("wait", Deadline.Token);
        await fixture.Handler.Waiting.WaitAsync(Deadline.Token);
        await fixture.Server.StopAsync(TimeSpan.FromMilliseconds(100), CancellationToken.None).WaitAsync(Deadline.Limit);
        await Should.ThrowAsync<Exception>(() => waiting);
        await fixture.DisposeAsync();
    }
}
