using System.Text;
using Cloud.Contracts;
using Cloud.Execution.Chunks;
using Cloud.Execution.Expressions;
using Cloud.Execution.Types;
using Cloud.MySql.Protocol;
using Cloud.MySql.Server;

namespace Cloud.DataPlane.Tests.MySql;

/// <summary>
/// A database that answers a handful of texts, so that the protocol is exercised without SQL: <c>types</c>, <c>rows n</c>,
/// <c>blob n</c>, <c>fail</c>, <c>defect</c>, <c>wait</c>, <c>begin</c>, <c>commit</c>, <c>use name</c>, <c>attribute name</c>; every other text
/// answers with itself. Statements are separated by semicolons.
/// </summary>
internal sealed class EchoHandler : IMySqlHandler
{
    public Dictionary<string, SqlAccount> Accounts { get; } = new(StringComparer.Ordinal);

    /// <summary>Full verifications, which the cache of the server spares.</summary>
    public int Verifications { get; private set; }

    public List<ClientRequest> Requests { get; } = [];

    /// <summary>Released once for each statement <c>wait</c> that began.</summary>
    public SemaphoreSlim Waiting { get; } = new(0);

    /// <summary>Released once for each session that ended.</summary>
    public SemaphoreSlim Ended { get; } = new(0);

    public void Add(string user, string password, bool native = true) => Accounts[user] = new SqlAccount(
        user, native ? SqlVerifiers.Native(password) : null, SqlVerifiers.CachingSha2(password));

    public SqlAccount? FindAccount(string user) => Accounts.GetValueOrDefault(user);

    public bool MatchesCachingSha2(string verifier, ReadOnlySpan<byte> password)
    {
        Verifications++;
        return SqlVerifiers.MatchesCachingSha2(verifier, password);
    }

    public async ValueTask<IMySqlSession> OpenSessionAsync(ClientRequest request, CancellationToken cancellationToken)
    {
        lock (Requests)
        {
            Requests.Add(request);
        }

        var session = new EchoSession(this, request) { MultiStatements = request.MultiStatements };
        if (request.Database is not null)
        {
            await session.UseAsync(request.Database, cancellationToken);
        }

        return session;
    }
}

internal sealed class EchoSession(EchoHandler handler, ClientRequest request) : IMySqlSession
{
    public static readonly ColumnDefinition[] AllTypes =
    [
        new("tiny", new FieldType { Type = MySqlType.TinyInt }),
        new("utiny", new FieldType { Type = MySqlType.TinyInt, Flags = FieldFlags.Unsigned }),
        new("small", new FieldType { Type = MySqlType.SmallInt }),
        new("medium", new FieldType { Type = MySqlType.MediumInt }),
        new("int", new FieldType { Type = MySqlType.Int }),
        new("big", FieldType.BigInt),
        new("ubig", FieldType.UnsignedBigInt),
        new("year", new FieldType { Type = MySqlType.Year }),
        new("float", new FieldType { Type = MySqlType.Float, Decimals = FieldType.DecimalsNotFixed }),
        new("double", FieldType.Double),
        new("decimal", FieldType.Decimal(20, 4)),
        new("date", FieldType.Temporal(MySqlType.Date)),
        new("datetime", FieldType.Temporal(MySqlType.DateTime, 6)),
        new("timestamp", FieldType.Temporal(MySqlType.Timestamp)),
        new("time", FieldType.Temporal(MySqlType.Time, 3)),
        new("varchar", FieldType.VarChar(100)),
        new("varbinary", FieldType.VarBinary(100)),
        new("null", FieldType.VarChar(1)),
    ];

    public static readonly string?[] AllValues =
    [
        "-7", "200", "-300", "-70000", "-2000000000", "-9000000000", "18446744073709551615", "2024", "1.5", "0.1", "-12345.6789",
        "2024-02-29", "2024-02-29 01:02:03.000004", "1999-12-31 23:59:59", "-25:01:02.500", "täxt", "\u00FF\u0000", null,
    ];

    private readonly Dictionary<uint, string> _prepared = [];
    private readonly CancellationTokenSource _killed = new();
    private TaskCompletionSource? _waiting;
    private uint _lastStatement;

    public ServerStatus Status { get; private set; } = ServerStatus.Autocommit;

    public string? CurrentDatabase { get; private set; }

    public CancellationToken Killed => _killed.Token;

    public bool MultiStatements { get; set; }

    public async ValueTask QueryAsync(ReadOnlyMemory<byte> text, IMySqlResults results, CancellationToken cancellationToken)
    {
        var statements = Encoding.UTF8.GetString(text.Span).Split(';');
        if (statements.Length > 1 && !MultiStatements)
        {
            throw new SqlException(1064, "42000", "You have an error in your SQL syntax");
        }

        for (var i = 0; i < statements.Length; i++)
        {
            var more = i < statements.Length - 1 ? ServerStatus.MoreResults : ServerStatus.None;
            await RunAsync(statements[i].Trim(), more, results, cancellationToken);
        }
    }

    public ValueTask<PreparedStatement> PrepareAsync(ReadOnlyMemory<byte> text, CancellationToken cancellationToken)
    {
        var sql = Encoding.UTF8.GetString(text.Span);
        _prepared[++_lastStatement] = sql;
        return ValueTask.FromResult(new PreparedStatement(
            _lastStatement, sql.Count(c => c == '?'), [new ColumnDefinition("values", FieldType.VarChar())]));
    }

    public async ValueTask ExecuteAsync(
        uint statementId, ReadOnlyMemory<Datum> parameters, IMySqlResults results, CancellationToken cancellationToken)
    {
        var text = _prepared[statementId];
        if (text == "types")
        {
            await RunAsync(text, ServerStatus.None, results, cancellationToken);
            return;
        }

        var values = parameters.ToArray().Select(p => p.IsNull ? "NULL" : p.Kind switch
        {
            VectorKind.Int64 => p.Int64.ToString(),
            VectorKind.Float64 => p.Float64.ToString(),
            VectorKind.Time => p.Time.ToString(),
            VectorKind.Bytes => Encoding.UTF8.GetString(p.Bytes),
            _ => p.Kind.ToString(),
        });
        await SendTextAsync(string.Join('|', values), ServerStatus.None, results, cancellationToken);
    }

    public void CloseStatement(uint statementId) => _prepared.Remove(statementId);

    public ValueTask UseAsync(string database, CancellationToken cancellationToken)
    {
        if (database == "missing")
        {
            throw new SqlException(1049, "42000", $"Unknown database '{database}'");
        }

        CurrentDatabase = database;
        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<ColumnDefinition>> ListFieldsAsync(string table, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<ColumnDefinition>>(AllTypes);

    public async ValueTask KillAsync(uint connectionId, CancellationToken cancellationToken)
    {
        if (connectionId != request.ConnectionId)
        {
            throw new SqlException(1094, "HY000", $"Unknown thread id: {connectionId}");
        }

        await _killed.CancelAsync();
    }

    public ValueTask ResetAsync(CancellationToken cancellationToken)
    {
        Status = ServerStatus.Autocommit;
        _prepared.Clear();
        return ValueTask.CompletedTask;
    }

    public void CancelStatement() => _waiting?.TrySetException(new SqlException(1317, "70100", "Query execution was interrupted"));

    public ValueTask DisposeAsync()
    {
        handler.Ended.Release();
        _killed.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async ValueTask SendTextAsync(
        string text, ServerStatus status, IMySqlResults results, CancellationToken cancellationToken)
    {
        await results.ColumnsAsync([new ColumnDefinition("text", FieldType.VarChar())], cancellationToken);
        using var chunk = new Chunk([VectorKind.Bytes]);
        chunk[0].Append(Encoding.UTF8.GetBytes(text));
        await results.RowsAsync(chunk, cancellationToken);
        await results.EndAsync(0, status, cancellationToken);
    }

    private async ValueTask RunAsync(string text, ServerStatus more, IMySqlResults results, CancellationToken cancellationToken)
    {
        var words = text.Split(' ');
        switch (words[0])
        {
            case "types":
                await SendTypesAsync(more, results, cancellationToken);
                break;
            case "rows":
                await SendRowsAsync(int.Parse(words[1]), results, cancellationToken);
                break;
            case "blob":
                await SendTextAsync(new string('b', int.Parse(words[1])), more, results, cancellationToken);
                break;
            case "length":
                await SendTextAsync(text.Length.ToString(), more, results, cancellationToken);
                break;
            case "fail":
                throw new SqlException(1062, "23000", "Duplicate entry '1' for key 'PRIMARY'");
            case "defect":
                throw new InvalidOperationException("a defect of the handler");
            case "wait":
                _waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                handler.Waiting.Release();
                await _waiting.Task.WaitAsync(cancellationToken);
                break;
            case "begin" or "commit":
                Status = words[0] == "begin" ? Status | ServerStatus.InTransaction : Status & ~ServerStatus.InTransaction;
                await results.DoneAsync(new StatementOutcome(3, 42, 1, Status | more, "done well"), cancellationToken);
                break;
            case "use":
                await UseAsync(words[1], cancellationToken);
                await results.DoneAsync(new StatementOutcome(0, 0, 0, Status | more, string.Empty), cancellationToken);
                break;
            case "attribute":
                await SendTextAsync(request.Attributes.GetValueOrDefault(words[1], "none"), more, results, cancellationToken);
                break;
            default:
                await SendTextAsync(text, more, results, cancellationToken);
                break;
        }
    }

    private async ValueTask SendTypesAsync(ServerStatus status, IMySqlResults results, CancellationToken cancellationToken)
    {
        await results.ColumnsAsync(AllTypes, cancellationToken);
        using var chunk = Chunk.Of([.. AllTypes.Select(c => c.Type)]);
        chunk[0].Append(-7L);
        chunk[1].Append(200UL);
        chunk[2].Append(-300L);
        chunk[3].Append(-70_000L);
        chunk[4].Append(-2_000_000_000L);
        chunk[5].Append(-9_000_000_000L);
        chunk[6].Append(ulong.MaxValue);
        chunk[7].Append(2024L);
        chunk[8].Append(1.5f);
        chunk[9].Append(0.1);
        chunk[10].Append(MySqlDecimal.Parse("-12345.6789"));
        chunk[11].Append(PackedTime.Create(2024, 2, 29));
        chunk[12].Append(PackedTime.Create(2024, 2, 29, 1, 2, 3, 4));
        chunk[13].Append(PackedTime.Create(1999, 12, 31, 23, 59, 59));
        chunk[14].Append(MySqlDuration.Create(true, 25, 1, 2, 500_000));
        chunk[15].Append("täxt"u8);
        chunk[16].Append([0xFF, 0x00]);
        chunk[17].AppendNull();
        await results.RowsAsync(chunk, cancellationToken);
        await results.EndAsync(0, status, cancellationToken);
    }

    private async ValueTask SendRowsAsync(int count, IMySqlResults results, CancellationToken cancellationToken)
    {
        await results.ColumnsAsync(
            [new ColumnDefinition("number", FieldType.BigInt), new ColumnDefinition("name", FieldType.VarChar())], cancellationToken);
        using var chunk = new Chunk([VectorKind.Int64, VectorKind.Bytes]);
        for (var i = 0; i < count; i++)
        {
            chunk[0].Append((long)i);
            chunk[1].Append("a name of some length, so that buffers fill"u8);
            if (chunk.IsFull || i == count - 1)
            {
                await results.RowsAsync(chunk, cancellationToken);
                chunk.Reset();
            }
        }

        await results.EndAsync(0, Status, cancellationToken);
    }
}
