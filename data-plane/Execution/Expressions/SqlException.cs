namespace Cloud.Execution.Expressions;

/// <summary>An error as a MySQL client sees it.</summary>
/// <param name="number">MySQL's error number, for example 1062.</param>
/// <param name="sqlState">Five characters, for example <c>23000</c>.</param>
/// <param name="message">MySQL's text for that number.</param>
public sealed class SqlException(int number, string sqlState, string message, Exception? inner = null) : Exception(message, inner)
{
    public int Number { get; } = number;

    public string SqlState { get; } = sqlState;
}
