using System.Text;
using Cloud.Execution.Expressions;
using Cloud.Execution.Types;
using Cloud.MySql.Protocol;

namespace Cloud.MySql.Server;

/// <summary>
/// Reads commands and answers each before the next, as the protocol demands.
/// Source: MySQL 8.0 source documentation, "Command Phase".
/// </summary>
internal sealed class CommandLoop(PacketChannel channel, PacketBuilder builder, ResultWriter results, ServerContext context)
{
    // As many as MySQL's max_prepared_stmt_count allows one server; the session has its own, lower limit.
    private const int StatementsMax = 16_382;

    private readonly Dictionary<uint, PreparedParameters> _statements = [];

    /// <summary>Serves one session until it ends.</summary>
    /// <returns>
    /// True when the client wants to become another user: the command is in the channel. False when the connection
    /// ends.
    /// </returns>
    public async ValueTask<bool> RunAsync(ServerConnection connection, IMySqlSession session, CancellationToken cancellationToken)
    {
        _statements.Clear();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, session.Killed);
        while (true)
        {
            channel.ResetSequence();
            if (!await channel.ReadAsync(ending.Token) || !connection.TryBeginCommand())
            {
                return false;
            }

            context.Totals.CountCommand();
            var packet = channel.Payload;
            if (packet.IsEmpty)
            {
                throw ProtocolException.Malformed();
            }

            var command = (CommandCode)packet.Span[0];
            if (command == CommandCode.Quit)
            {
                return false;
            }

            if (command == CommandCode.ChangeUser)
            {
                connection.BeginLogin();
                return true;
            }

            try
            {
                await DispatchAsync(session, command, packet[1..], ending.Token);
            }
            catch (SqlException error)
            {
                context.Totals.CountError();
                results.WriteError(error);
            }

            if (channel.HasUnsent)
            {
                await channel.FlushAsync(ending.Token);
            }

            if (!connection.TryEndCommand())
            {
                return false;
            }
        }
    }

    private async ValueTask DispatchAsync(
        IMySqlSession session, CommandCode command, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        switch (command)
        {
            case CommandCode.Query:
                results.Binary = false;
                await session.QueryAsync(body, results, cancellationToken);
                break;
            case CommandCode.StatementPrepare:
                await PrepareAsync(session, body, cancellationToken);
                break;
            case CommandCode.StatementExecute:
                await ExecuteAsync(session, body, cancellationToken);
                break;
            case CommandCode.StatementSendLongData:
                AppendLongData(body.Span);
                break;
            case CommandCode.StatementClose:
                Close(session, body.Span);
                break;
            case CommandCode.StatementReset:
                Find(new PacketReader(body.Span).ReadUInt32(), "mysqld_stmt_reset").ResetLong();
                results.WriteOk(session.Status);
                break;
            case CommandCode.StatementFetch:
                throw new SqlException(1421, "HY000", $"The statement ({new PacketReader(body.Span).ReadUInt32()}) has no open cursor.");
            case CommandCode.Ping:
                results.WriteOk(session.Status);
                break;
            case CommandCode.InitDatabase:
                await session.UseAsync(Encoding.UTF8.GetString(body.Span), cancellationToken);
                results.WriteOk(session.Status);
                break;
            case CommandCode.FieldList:
                await ListFieldsAsync(session, body, cancellationToken);
                break;
            case CommandCode.ResetConnection:
                await session.ResetAsync(cancellationToken);
                _statements.Clear();
                results.WriteOk(session.Status);
                break;
            case CommandCode.SetOption:
                SetOption(session, body.Span);
                break;
            case CommandCode.Statistics:
                channel.Write(builder.Start().Text(Statistics()).Payload.Span);
                break;
            case CommandCode.ProcessKill:
                await session.KillAsync(new PacketReader(body.Span).ReadUInt32(), cancellationToken);
                results.WriteOk(session.Status);
                break;
            default:
                throw new SqlException(1047, "08S01", $"Unknown command ({(byte)command})");
        }
    }

    private async ValueTask PrepareAsync(IMySqlSession session, ReadOnlyMemory<byte> text, CancellationToken cancellationToken)
    {
        if (_statements.Count >= StatementsMax)
        {
            throw new SqlException(
                1461, "42000", $"Can't create more than max_prepared_stmt_count statements (current value: {StatementsMax})");
        }

        var statement = await session.PrepareAsync(text, cancellationToken);
        _statements[statement.Id] = new PreparedParameters(statement.ParameterCount);
        channel.Write(
            builder.Start()
                .Byte(Wire.OkHeader)
                .UInt32(statement.Id)
                .UInt16(statement.Columns.Count)
                .UInt16(statement.ParameterCount)
                .Byte(0)
                .UInt16(0)
                .Payload.Span);
        if (statement.ParameterCount > 0)
        {
            var unknown = new ColumnDefinition("?", FieldType.VarBinary(0));
            results.WriteDefinitions(Enumerable.Repeat(unknown, statement.ParameterCount).ToArray(), session.Status);
        }

        if (statement.Columns.Count > 0)
        {
            results.WriteDefinitions(statement.Columns, session.Status);
        }
    }

    private async ValueTask ExecuteAsync(IMySqlSession session, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var (id, values) = ReadExecution(body.Span);
        results.Binary = true;
        await session.ExecuteAsync(id, values, results, cancellationToken);
    }

    private (uint Id, Datum[] Values) ReadExecution(ReadOnlySpan<byte> body)
    {
        var reader = new PacketReader(body);
        var id = reader.ReadUInt32();
        var statement = Find(id, "mysqld_stmt_execute");

        // A cursor may be asked for; without one, the client is given all rows at once, which the protocol allows.
        reader.ReadByte();
        reader.ReadUInt32();
        try
        {
            if (statement.Failure is { } failure)
            {
                throw failure;
            }

            return (id, statement.Read(ref reader));
        }
        finally
        {
            statement.ResetLong();
        }
    }

    /// <summary>The command has no answer, not even an error.</summary>
    private void AppendLongData(ReadOnlySpan<byte> body)
    {
        var reader = new PacketReader(body);
        var id = reader.ReadUInt32();
        var parameter = reader.ReadUInt16();
        if (_statements.TryGetValue(id, out var statement))
        {
            statement.AppendLong(parameter, reader.Rest, context.Options.MessageBytesMax);
        }
    }

    /// <summary>The command has no answer.</summary>
    private void Close(IMySqlSession session, ReadOnlySpan<byte> body)
    {
        var id = new PacketReader(body).ReadUInt32();
        if (_statements.Remove(id))
        {
            session.CloseStatement(id);
        }
    }

    private PreparedParameters Find(uint id, string command) => _statements.TryGetValue(id, out var statement)
        ? statement
        : throw new SqlException(1243, "HY000", $"Unknown prepared statement handler ({id}) given to {command}");

    private async ValueTask ListFieldsAsync(IMySqlSession session, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var table = Encoding.UTF8.GetString(new PacketReader(body.Span).ReadZeroTerminatedOrRest());
        var columns = await session.ListFieldsAsync(table, cancellationToken);
        results.WriteDefinitions(columns, session.Status, withDefaults: true);
        if (results.Capabilities.HasFlag(Capabilities.DeprecateEof))
        {
            results.WriteEof(0, session.Status);
        }
    }

    private void SetOption(IMySqlSession session, ReadOnlySpan<byte> body)
    {
        var option = new PacketReader(body).ReadUInt16();
        session.MultiStatements = option switch
        {
            0 => true,
            1 => false,
            _ => throw new SqlException(1047, "08S01", $"Unknown command (option {option})"),
        };
        results.WriteEof(0, session.Status);
    }

    private string Statistics()
    {
        var totals = context.Totals;
        return $"Questions: {totals.Commands}  Errors: {totals.Errors}  Bytes received: {totals.BytesReceived}  "
            + $"Bytes sent: {totals.BytesSent}";
    }
}
