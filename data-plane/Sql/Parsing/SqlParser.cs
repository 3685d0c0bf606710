using Cloud.Sql.Ast;

namespace Cloud.Sql.Parsing;

/// <summary>
/// Parses MySQL 8.0 statements one at a time, so that those before a syntax error run, as in MySQL. Reusable; not thread-safe.
/// Source: MySQL 8.0 Reference Manual §13 "SQL Statements".
/// </summary>
internal sealed class SqlParser
{
    private readonly TokenReader _tokens = new();
    private readonly DmlParser _dml;
    private readonly DdlParser _ddl;
    private readonly ShowParser _show;
    private readonly SessionStatementParser _session;

    public SqlParser()
    {
        Expressions = new ExpressionParser(_tokens, this);
        Queries = new QueryParser(_tokens, this);
        Tables = new TableSourceParser(_tokens, this);
        Types = new TypeParser(_tokens);
        _dml = new DmlParser(_tokens, this);
        _ddl = new DdlParser(_tokens, this);
        _show = new ShowParser(_tokens, this);
        _session = new SessionStatementParser(_tokens, this);
    }

    internal ExpressionParser Expressions { get; }

    internal QueryParser Queries { get; }

    internal TableSourceParser Tables { get; }

    internal TypeParser Types { get; }

    /// <summary>Takes the text that <see cref="Next"/> will read; it must not change meanwhile.</summary>
    /// <exception cref="SqlException">1153: longer than <see cref="SqlLimits.StatementBytesMax"/>.</exception>
    public void Load(ReadOnlyMemory<byte> text)
    {
        if (text.Length > SqlLimits.StatementBytesMax)
        {
            throw Errors.PacketTooLarge();
        }

        _tokens.Load(text);
    }

    /// <summary>Whether a statement follows; empty ones between semicolons are skipped.</summary>
    public bool HasNext()
    {
        while (_tokens.Accept(Symbol.Semicolon))
        {
        }

        return !_tokens.AtEnd;
    }

    /// <summary>Where the next statement begins, in bytes of the text.</summary>
    public int Position => _tokens.Current.Start;

    /// <exception cref="SqlException">1064 with MySQL's text, 1235 for grammar that is known but not supported.</exception>
    public Statement Next()
    {
        _tokens.BeginStatement();
        var statement = Statement();
        if (!_tokens.AtEnd && !_tokens.Is(Symbol.Semicolon))
        {
            throw _tokens.SyntaxError();
        }

        return _tokens.ParameterCount <= SqlLimits.ParametersMax
            ? _tokens.ParameterCount == 0 ? statement : statement with { ParameterCount = _tokens.ParameterCount }
            : throw Errors.TooManyParameters();
    }

    /// <summary>The error for a second statement where only one may be.</summary>
    public SqlException UnexpectedStatement() => _tokens.SyntaxError();

    /// <summary>The error for question marks outside of prepared statements.</summary>
    public SqlException UnexpectedParameter() => _tokens.SyntaxErrorAtParameter();

    /// <summary>The only statement of a text.</summary>
    /// <exception cref="SqlException">1065 when there is none, 1064 when there are more.</exception>
    public Statement Single(ReadOnlyMemory<byte> text)
    {
        Load(text);
        if (!HasNext())
        {
            throw Errors.EmptyQuery();
        }

        var statement = Next();
        return HasNext() ? throw _tokens.SyntaxError() : statement;
    }

    /// <summary>A statement that EXPLAIN takes.</summary>
    internal Statement Explainable() => _tokens.Current.Keyword switch
    {
        Keyword.Insert or Keyword.Replace => _dml.Insert(),
        Keyword.Update => _dml.Update(),
        Keyword.Delete => _dml.Delete(),
        _ => Queries.Parse(),
    };

    private Statement Statement()
    {
        if (Queries.BeginsQuery())
        {
            return Queries.Parse();
        }

        switch (_tokens.Current.Keyword)
        {
            case Keyword.Insert or Keyword.Replace:
                return _dml.Insert();
            case Keyword.Update:
                return _dml.Update();
            case Keyword.Delete:
                return _dml.Delete();
            case Keyword.Create:
                return _ddl.Create();
            case Keyword.Drop:
                return _ddl.Drop();
            case Keyword.Alter:
                return _ddl.Alter();
            case Keyword.Truncate:
                return _ddl.Truncate();
            case Keyword.Rename:
                return _ddl.Rename();
            case Keyword.Show:
                return _show.Show();
            case Keyword.Describe or Keyword.Desc or Keyword.Explain:
                return _show.Describe();
            default:
                return SessionStatement();
        }
    }

    private Statement SessionStatement()
    {
        switch (_tokens.Current.Keyword)
        {
            case Keyword.Use:
                _tokens.Take();
                return new UseStatement(_tokens.Name());
            case Keyword.Begin:
                return _session.Begin();
            case Keyword.Start:
                return _session.StartTransaction();
            case Keyword.Commit:
                return _session.Commit();
            case Keyword.Rollback:
                return _session.Rollback();
            case Keyword.Savepoint:
                return _session.Savepoint();
            case Keyword.Release:
                return _session.Release();
            case Keyword.Set:
                return _session.Set();
            case Keyword.Kill:
                return _session.Kill();
            case Keyword.Lock or Keyword.Unlock:
                return _session.LockTables();
            case Keyword.Flush:
                return _session.Flush();
            case Keyword.Analyze or Keyword.Check or Keyword.Optimize or Keyword.Repair:
                return _session.Maintain();
            case Keyword.Prepare:
                return _session.Prepare();
            case Keyword.Execute:
                return _session.Execute();
            case Keyword.Deallocate:
                return _session.Deallocate();
            case Keyword.Do:
                _tokens.Take();
                return new DoStatement(Expressions.ParseList());
            case Keyword.Grant or Keyword.Revoke:
                throw Errors.NotSupported("GRANT and REVOKE: users are managed by the cloud's console or API");
            case Keyword.Load or Keyword.Call or Keyword.Handler or Keyword.Xa or Keyword.Values or Keyword.Table or Keyword.Import
                or Keyword.Purge or Keyword.Reset or Keyword.Change or Keyword.Stop:
                throw Errors.NotSupported($"the {Keywords.TextOf(_tokens.Current.Keyword)} statement");
            default:
                throw _tokens.SyntaxError();
        }
    }
}
