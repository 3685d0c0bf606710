using Cloud.TestKit;
using Npgsql;
using Shouldly;
using Xunit;

namespace Cloud.Infra.Tests.Postgres;

public sealed class PrivatePostgresTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task The_login_owns_its_database_and_is_no_superuser()
    {
        await using var connection = new NpgsqlConnection(postgres.ConnectionString);
        await connection.OpenAsync();

        (await ScalarAsync(connection, "select rolsuper from pg_roles where rolname = current_user")).ShouldBe(false);
        (await ScalarAsync(connection, "select pg_get_userbyid(datdba) from pg_database where datname = current_database()")).ShouldBe("cloud");
    }

    [Fact]
    public async Task A_wrong_password_is_refused_over_loopback()
    {
        var wrong = new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Password = "not-it", Pooling = false };
        await using var connection = new NpgsqlConnection(wrong.ConnectionString);

        var refusal = await Should.ThrowAsync<PostgresException>(() => connection.OpenAsync());

        refusal.SqlState.ShouldBe(PostgresErrorCodes.InvalidPassword);
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
