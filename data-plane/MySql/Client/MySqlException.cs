namespace Cloud.MySql.Client;

/// <summary>
/// The server answered with an error. The connection stays usable unless <see cref="MySqlConnection.IsOpen"/> says
/// otherwise.
/// </summary>
public sealed class MySqlException(int number, string sqlState, string message) : Exception($"{number} ({sqlState}): {message}")
{
    public int Number { get; } = number;

    public string SqlState { get; } = sqlState;

    /// <summary>The server's own words.</summary>
    public string ServerMessage { get; } = message;
}
