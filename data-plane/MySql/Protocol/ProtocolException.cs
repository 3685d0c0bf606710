namespace Cloud.MySql.Protocol;

/// <summary>The other side broke the protocol; the connection cannot go on.</summary>
public sealed class ProtocolException(string message, int number = 1835, string sqlState = "HY000") : Exception(message)
{
    /// <summary>
    /// MySQL's error number to tell the other side, if it still listens: 1835 is a malformed communication packet.
    /// </summary>
    public int Number { get; } = number;

    public string SqlState { get; } = sqlState;

    internal static ProtocolException Malformed() => new("Malformed communication packet.");

    internal static ProtocolException OutOfOrder(int expected, int actual) =>
        new($"Got packets out of order: number {actual} came where {expected} was due.", 1156, "08S01");

    internal static ProtocolException TooLarge(long bytesMax) =>
        new($"Got a packet bigger than 'max_allowed_packet' bytes ({bytesMax}); send the data in smaller pieces.", 1153, "08S01");
}
