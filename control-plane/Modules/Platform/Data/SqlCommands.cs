using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Cloud.Modules.Platform.Data;

/// <summary>SQL that EF cannot say, on the connection and in the transaction of a context.</summary>
internal static class SqlCommands
{
    /// <summary>A command to be disposed by the caller, on a connection that is open; null values become SQL NULL.</summary>
    public static NpgsqlCommand Sql(
        this CloudDbContext database, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = new NpgsqlCommand(sql, (NpgsqlConnection)database.Database.GetDbConnection());
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return command;
    }

    /// <summary>Runs a command and returns how many rows it changed.</summary>
    public static async Task<int> ExecuteSqlAsync(
        this CloudDbContext database,
        string sql,
        CancellationToken cancellationToken,
        params (string Name, object? Value)[] parameters)
    {
        await database.Database.OpenConnectionAsync(cancellationToken);
        await using var command = database.Sql(sql, parameters);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
