using Cloud.Execution.Types;
using Cloud.KvClient;
using Cloud.Sql.Ast;
using Cloud.Sql.Parsing;

namespace Cloud.Sql.Sessions;

/// <summary>One client's session: takes requests apart into statements and runs them. See <see cref="ISqlSession"/>.</summary>
internal sealed class SqlSession : ISqlSession
{
    private readonly SqlParser _parser = new();
    private readonly Dictionary<uint, PreparedStatementEntry> _prepared = [];
    private readonly Dictionary<string, (uint Id, PreparedStatementEntry Entry)> _named = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _killed = new();
    private readonly StatementRunner _runner;
    private readonly Lock _gate = new();
    private CancellationTokenSource? _statement;
    private readonly PointSelectCache _points = new();
    private uint _lastPreparedId;

    public SqlSession(SqlEngine engine, uint connectionId, SqlSessionOptions options)
    {
        Engine = engine;
        ConnectionId = connectionId;
        Options = options;
        MultiStatements = options.MultiStatements;
        Context = new EvaluationContext(engine.Clock)
        {
            ConnectionId = connectionId,
            User = $"{options.User}@{options.RemoteAddress.Split(':')[0]}",
            ServerVersion = SqlEngine.ServerVersion,
            MemoryBytesMax = engine.Options.StatementMemoryBytesMax,
            Random = new Kernel.SeededRandom(connectionId ^ (ulong)engine.Clock.GetTimestamp()),
        };
        Variables = new SessionVariables(Context);
        if (Collation.TryGet(options.CollationId, out var collation))
        {
            Variables.SetCollation(collation);
        }

        _runner = new StatementRunner(this);
    }

    public SqlEngine Engine { get; }

    public SqlSessionOptions Options { get; }

    public EvaluationContext Context { get; }

    public SessionVariables Variables { get; private set; }

    public uint ConnectionId { get; }

    public string? CurrentDatabase { get; private set; }

    public bool MultiStatements { get; set; }

    public CancellationToken Killed => _killed.Token;

    /// <summary>The open transaction; null outside of one.</summary>
    public SessionTransaction? Transaction { get; set; }

    /// <summary>What runs now, for the process list; null between statements.</summary>
    public string? RunningText { get; private set; }

    public long RunningSince { get; private set; }

    /// <summary>Set by SET TRANSACTION for the next transaction only.</summary>
    public bool NextReadOnly { get; set; }

    public SessionStatus Status =>
        (Transaction is not null ? SessionStatus.InTransaction : SessionStatus.None)
        | (Variables.Autocommit ? SessionStatus.Autocommit : SessionStatus.None)
        | (Transaction is { ReadOnly: true } ? SessionStatus.InReadOnlyTransaction : SessionStatus.None);

    public async ValueTask ExecuteAsync(ReadOnlyMemory<byte> text, IResultSink sink, CancellationToken cancellationToken)
    {
        await RunAsync(text, async token =>
        {
            // PERF-CRITICAL: a point select seen before runs without being parsed or planned.
            if (_points.TryFind(text.Span, out var point, out var number)
                && await _runner.TryPointAsync(point!, Datum.FromInt64(number), sink, moreResults: false, token)) // Found, so it is there.
            {
                return;
            }

            _parser.Load(text);
            if (!_parser.HasNext())
            {
                throw Errors.EmptyQuery();
            }

            for (var first = true; _parser.HasNext(); first = false)
            {
                if (!first && !MultiStatements)
                {
                    throw _parser.UnexpectedStatement();
                }

                var statement = _parser.Next();
                if (statement.ParameterCount > 0)
                {
                    throw _parser.UnexpectedParameter();
                }

                Context.Parameters = default;
                await _runner.RunAsync(statement, sink, _parser.HasNext(), token);
                if (first && statement is SelectQuery select && !_parser.HasNext() && await _runner.MakePointAsync(select, token) is { } made)
                {
                    _points.Add(text.Span, made);
                }
            }
        }, cancellationToken);
    }

    public async ValueTask<PreparedDescription> PrepareAsync(ReadOnlyMemory<byte> text, CancellationToken cancellationToken)
    {
        PreparedDescription? description = null;
        await RunAsync(text, async token =>
        {
            if (_prepared.Count >= SqlLimits.PreparedStatementsMax)
            {
                throw Errors.TooManyPrepared();
            }

            var entry = new PreparedStatementEntry(_parser.Single(text.ToArray()));
            var columns = await _runner.DescribeAsync(entry.Statement, token);
            var id = ++_lastPreparedId;
            _prepared.Add(id, entry);
            description = new PreparedDescription(id, entry.Statement.ParameterCount, columns);
        }, cancellationToken);
        return description!; // RunAsync throws or has run the action to its end.
    }

    public async ValueTask ExecutePreparedAsync(uint id, ReadOnlyMemory<Datum> parameters, IResultSink sink, CancellationToken cancellationToken)
    {
        await RunAsync(default, async token =>
        {
            if (!_prepared.TryGetValue(id, out var entry))
            {
                throw Errors.UnknownPrepared(id.ToString(), "mysqld_stmt_execute");
            }

            await ExecuteAsync(entry, parameters, sink, moreResults: false, token);
        }, cancellationToken);
    }

    /// <summary>Runs a prepared statement inside a request that runs already.</summary>
    public async ValueTask ExecuteAsync(
        PreparedStatementEntry entry, ReadOnlyMemory<Datum> parameters, IResultSink sink, bool moreResults, CancellationToken cancellationToken)
    {
        if (parameters.Length != entry.Statement.ParameterCount)
        {
            throw Errors.WrongArguments("EXECUTE");
        }

        Context.Parameters = parameters;
        if (entry.Point is { Key: Parameter parameter } point
            && await _runner.TryPointAsync(point, parameters.Span[parameter.Index], sink, moreResults, cancellationToken))
        {
            return;
        }

        await _runner.RunAsync(entry.Statement, sink, moreResults, cancellationToken);
        entry.Point = entry.Statement is SelectQuery select ? await _runner.MakePointAsync(select, cancellationToken) : null;
    }

    public void ClosePrepared(uint id) => _prepared.Remove(id);

    public void PrepareNamed(string name, byte[] text)
    {
        DeallocateNamed(name, mustExist: false);
        if (_prepared.Count >= SqlLimits.PreparedStatementsMax)
        {
            throw Errors.TooManyPrepared();
        }

        var entry = new PreparedStatementEntry(new SqlParser().Single(text));
        _named[name] = (++_lastPreparedId, entry);
        _prepared.Add(_lastPreparedId, entry);
    }

    public PreparedStatementEntry RequireNamed(string name) =>
        _named.TryGetValue(name, out var named) ? named.Entry : throw Errors.UnknownPrepared(name, "EXECUTE");

    public void DeallocateNamed(string name, bool mustExist)
    {
        if (_named.Remove(name, out var named))
        {
            _prepared.Remove(named.Id);
        }
        else if (mustExist)
        {
            throw Errors.UnknownPrepared(name, "DEALLOCATE PREPARE");
        }
    }

    public async ValueTask UseAsync(string database, CancellationToken cancellationToken)
    {
        if (InformationSchema.VirtualTables.IsVirtualSchema(database))
        {
            CurrentDatabase = database.ToLowerInvariant();
            return;
        }

        var catalog = await Engine.Catalog.GetAsync(cancellationToken);
        var found = catalog.FindDatabase(database)
            ?? (await Engine.Catalog.RefreshAsync(cancellationToken)).RequireDatabase(database);
        CurrentDatabase = found.Name;
        Variables.SetDatabaseCollation(Collation.Get(found.CollationId));
    }

    /// <summary>The database was dropped: none is chosen any more.</summary>
    public void ForgetDatabase() => CurrentDatabase = null;

    public async ValueTask<IReadOnlyList<ResultColumn>> ListFieldsAsync(string table, CancellationToken cancellationToken)
    {
        var catalog = await Engine.Catalog.GetAsync(cancellationToken);
        var schema = CurrentDatabase ?? throw Errors.NoDatabaseSelected();
        var definition = catalog.RequireTable(schema, table);
        return [.. definition.Columns.Select(column => new ResultColumn(column.Name, column.Type)
        {
            Schema = schema, Table = definition.Name, OriginalTable = definition.Name, OriginalName = column.Name,
        })];
    }

    public async ValueTask ResetAsync(CancellationToken cancellationToken)
    {
        await RollbackAsync(cancellationToken);
        _prepared.Clear();
        _named.Clear();
        Context.Variables.Clear();
        Context.ClearWarnings();
        Context.LastInsertId = 0;
        Context.Modes = SqlModes.Default;
        Context.TimeZone = TimeZoneInfo.Utc;
        Variables = new SessionVariables(Context);
        _points.Clear();
    }

    public void CancelStatement()
    {
        lock (_gate)
        {
            _statement?.Cancel();
        }
    }

    /// <summary>KILL of the connection: ends the statement, and the protocol layer closes the connection.</summary>
    public void Kill()
    {
        CancelStatement();
        _killed.Cancel();
    }

    public async ValueTask RollbackAsync(CancellationToken cancellationToken)
    {
        if (Transaction is { } transaction)
        {
            Transaction = null;
            await transaction.RollbackAsync(cancellationToken);
        }
    }

    public async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        if (Transaction is not { } transaction)
        {
            return;
        }

        Transaction = null;
        await using (transaction)
        {
            await transaction.CommitAsync(Engine.Catalog, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Engine.Remove(this);
        if (Transaction is { } transaction)
        {
            Transaction = null;
            await transaction.DisposeAsync();
        }

        _killed.Dispose();
    }

    /// <summary>Runs one request: cancellable from outside, and with every error as a client may see it.</summary>
    private async ValueTask RunAsync(ReadOnlyMemory<byte> text, Func<CancellationToken, ValueTask> run, CancellationToken cancellationToken)
    {
        using var statement = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        lock (_gate)
        {
            _statement = statement;
        }

        RunningText = text.IsEmpty ? "EXECUTE" : System.Text.Encoding.UTF8.GetString(text.Span[..Math.Min(text.Length, 1024)]);
        RunningSince = Engine.Clock.GetTimestamp();
        Context.Cancellation = statement.Token;
        try
        {
            await run(statement.Token);
        }
        catch (SqlException exception)
        {
            Context.Warn(WarningLevel.Error, exception.Number, exception.Message);
            throw;
        }
        catch (OperationCanceledException exception) when (statement.IsCancellationRequested)
        {
            throw new SqlException(1317, "70100", "Query execution was interrupted", exception);
        }
        catch (KvException exception)
        {
            throw KvErrors.Translate(exception);
        }
        catch (InsufficientExecutionStackException)
        {
            throw Errors.TooDeep();
        }
        finally
        {
            lock (_gate)
            {
                _statement = null;
            }

            RunningText = null;
        }
    }
}

/// <summary>A statement parsed once and run with different parameters.</summary>
internal sealed class PreparedStatementEntry(Statement statement)
{
    public Statement Statement => statement;

    /// <summary>The statement as a point select, once it ran; null when it is none.</summary>
    public PointSelect? Point { get; set; }
}
