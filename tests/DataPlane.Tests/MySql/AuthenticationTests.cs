using System.Net;
using Cloud.MySql.Client;
using Cloud.MySql.Server;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.MySql;

public sealed class AuthenticationTests
{
    [Theory]
    [InlineData("root", "mysql_native_password", TlsMode.Disabled)]
    [InlineData("root", "mysql_native_password", TlsMode.Required)]
    [InlineData("root", "caching_sha2_password", TlsMode.Disabled)]
    [InlineData("root", "caching_sha2_password", TlsMode.Required)]
    [InlineData("root", "mysql_clear_password", TlsMode.Required)]
    [InlineData("modern", "mysql_native_password", TlsMode.Disabled)]
    [InlineData("modern", null, TlsMode.Preferred)]
    public async Task A_user_logs_in_by_either_method_with_and_without_TLS(string user, string? plugin, TlsMode tls)
    {
        await using var fixture = ServerFixture.Start();
        await using var connection = await fixture.ConnectAsync(user, tls: tls, plugin: plugin, database: "shop");
        (await connection.QueryAsync("hello", Deadline.Token)).Scalar.ShouldBe("hello");
        (await connection.QueryAsync("attribute _client_name", Deadline.Token)).Scalar.ShouldBe("cloud");
        var request = fixture.Handler.Requests.ShouldHaveSingleItem();
        request.Account.Name.ShouldBe(user);
        request.Database.ShouldBe("shop");
        request.Encrypted.ShouldBe(tls != TlsMode.Disabled);
        request.ConnectionId.ShouldBe(connection.ConnectionId);
    }

    [Theory]
    [InlineData("root", "wrong", "mysql_native_password", TlsMode.Disabled, "YES")]
    [InlineData("root", "wrong", "caching_sha2_password", TlsMode.Disabled, "YES")]
    [InlineData("root", "wrong", "caching_sha2_password", TlsMode.Required, "YES")]
    [InlineData("root", "", "caching_sha2_password", TlsMode.Disabled, "NO")]
    [InlineData("root", "", "mysql_native_password", TlsMode.Disabled, "NO")]
    [InlineData("empty", "some", "mysql_native_password", TlsMode.Disabled, "YES")]
    [InlineData("nobody", "secret", "mysql_native_password", TlsMode.Disabled, "YES")]
    [InlineData("nobody", "secret", "caching_sha2_password", TlsMode.Disabled, "YES")]
    [InlineData("nobody", "", "caching_sha2_password", TlsMode.Required, "NO")]
    public async Task A_wrong_password_and_an_unknown_user_are_denied_alike(
        string user, string password, string plugin, TlsMode tls, string used)
    {
        await using var fixture = ServerFixture.Start();
        var error = await Should.ThrowAsync<MySqlException>(() => fixture.ConnectAsync(user, password, tls, plugin));
        (error.Number, error.SqlState).ShouldBe((1045, "28000"));
        error.ServerMessage.ShouldBe($"Access denied for user '{user}'@'127.0.0.1' (using password: {used})");
        fixture.Server.Counters.AuthenticationFailures.ShouldBe(1);
    }

    [Theory]
    [InlineData("mysql_native_password")]
    [InlineData("caching_sha2_password")]
    public async Task An_account_without_password_needs_none(string plugin)
    {
        await using var fixture = ServerFixture.Start();
        await using var connection = await fixture.ConnectAsync("empty", string.Empty, plugin: plugin);
        (await connection.QueryAsync("hello", Deadline.Token)).Scalar.ShouldBe("hello");
    }

    [Fact]
    public async Task The_second_login_is_spared_the_full_exchange_until_the_password_changes()
    {
        await using var fixture = ServerFixture.Start();
        for (var i = 0; i < 3; i++)
        {
            await using var connection = await fixture.ConnectAsync("modern");
        }

        fixture.Handler.Verifications.ShouldBe(1);
        fixture.Handler.Add("modern", "another", native: false);
        await Should.ThrowAsync<MySqlException>(() => fixture.ConnectAsync("modern"));
        await using var changed = await fixture.ConnectAsync("modern", "another");
        fixture.Handler.Verifications.ShouldBe(3);
    }

    [Fact]
    public async Task A_removed_user_is_denied_at_once()
    {
        await using var fixture = ServerFixture.Start();
        await using (await fixture.ConnectAsync())
        {
            fixture.Handler.Accounts.Remove("root");
        }

        (await Should.ThrowAsync<MySqlException>(() => fixture.ConnectAsync())).Number.ShouldBe(1045);
    }

    [Fact]
    public async Task An_unknown_database_refuses_the_login()
    {
        await using var fixture = ServerFixture.Start();
        (await Should.ThrowAsync<MySqlException>(() => fixture.ConnectAsync(database: "missing"))).Number.ShouldBe(1049);
    }

    [Fact]
    public async Task An_address_outside_the_allow_list_is_refused_with_a_remedy()
    {
        await using var fixture = ServerFixture.Start();
        AllowList.TryParse(["10.0.0.0/8", "2001:db8::/32"], out var list, out _).ShouldBeTrue();
        fixture.Server.AllowList = list!;
        var error = await Should.ThrowAsync<MySqlException>(() => fixture.ConnectAsync());
        error.Number.ShouldBe(1130);
        error.ServerMessage.ShouldContain("allow list");
        AllowList.TryParse(["10.0.0.0/8", "127.0.0.1"], out list, out _).ShouldBeTrue();
        fixture.Server.AllowList = list!;
        await using var connection = await fixture.ConnectAsync();
        list!.Admits(IPAddress.Parse("::ffff:10.1.2.3")).ShouldBeTrue();
        list.Admits(IPAddress.Parse("11.0.0.1")).ShouldBeFalse();
        AllowList.TryParse(["10.0.0.0/8", "nonsense"], out _, out var invalid).ShouldBeFalse();
        invalid.ShouldBe("nonsense");
    }

    [Fact]
    public async Task A_server_that_requires_TLS_refuses_plain_logins()
    {
        await using var fixture = ServerFixture.Start(o => o with { RequireTls = true });
        (await Should.ThrowAsync<MySqlException>(() => fixture.ConnectAsync())).Number.ShouldBe(3159);
        await using var connection = await fixture.ConnectAsync(tls: TlsMode.Required);
    }

    [Fact]
    public async Task One_connection_too_many_is_refused_and_a_place_is_free_again_after_a_close()
    {
        await using var fixture = ServerFixture.Start(o => o with { ConnectionsMax = 1 });
        await using (await fixture.ConnectAsync())
        {
            (await Should.ThrowAsync<MySqlException>(() => fixture.ConnectAsync())).Number.ShouldBe(1040);
        }

        await fixture.Handler.Ended.WaitAsync(Deadline.Token);
        for (var deadline = Deadline.Token; ;)
        {
            try
            {
                await using var again = await fixture.ConnectAsync();
                return;
            }
            catch (MySqlException error) when (error.Number == 1040 && !deadline.IsCancellationRequested)
            {
                await Task.Yield();
            }
        }
    }

    [Fact]
    public void Guessing_passwords_gets_slower()
    {
        var throttle = new LoginThrottle(TimeProvider.System);
        var address = IPAddress.Parse("192.0.2.1");
        var delays = Enumerable.Range(0, 20).Select(_ => throttle.Fail(address)).ToArray();
        delays.Take(LoginThrottle.FreeFailures).ShouldAllBe(d => d == TimeSpan.Zero);
        delays.Skip(LoginThrottle.FreeFailures).First().ShouldBe(TimeSpan.FromMilliseconds(100));
        delays[^1].ShouldBe(LoginThrottle.DelayMax);
        throttle.Fail(IPAddress.Parse("192.0.2.2")).ShouldBe(TimeSpan.Zero);
        throttle.Succeed(address);
        throttle.Fail(address).ShouldBe(TimeSpan.Zero);
    }
}
