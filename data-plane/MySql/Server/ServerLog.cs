using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Cloud.MySql.Server;

internal static partial class ServerLog
{
    [LoggerMessage(1, LogLevel.Warning, "A MySQL connection could not be accepted: {Error}.")]
    public static partial void AcceptFailed(ILogger logger, SocketError error);

    [LoggerMessage(2, LogLevel.Information, "Refused a MySQL connection from {Remote} with error {Number}.")]
    public static partial void Refused(ILogger logger, IPEndPoint remote, int number);

    [LoggerMessage(3, LogLevel.Information, "Access denied for MySQL user '{User}' from {Remote}.")]
    public static partial void AccessDenied(ILogger logger, string user, IPEndPoint remote);

    [LoggerMessage(4, LogLevel.Debug, "MySQL connection {Id} from {Remote} ended: {Reason}")]
    public static partial void Ended(ILogger logger, uint id, IPEndPoint remote, string reason);

    [LoggerMessage(5, LogLevel.Error, "MySQL connection {Id} from {Remote} met a defect and was closed.")]
    public static partial void Defect(ILogger logger, uint id, IPEndPoint remote, Exception defect);
}
