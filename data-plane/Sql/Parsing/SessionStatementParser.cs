using Cloud.Sql.Ast;

namespace Cloud.Sql.Parsing;

/// <summary>Transactions, variables and the other statements that change the session.</summary>
internal sealed class SessionStatementParser(TokenReader tokens, SqlParser parser)
{
    public BeginStatement StartTransaction()
    {
        tokens.Expect(Keyword.Start);
        tokens.Expect(Keyword.Transaction);
        var readOnly = false;
        var snapshot = false;
        if (tokens.Is(Keyword.Read) || tokens.Is(Keyword.With))
        {
            do
            {
                if (tokens.Accept(Keyword.With, Keyword.Consistent))
                {
                    tokens.Expect(Keyword.Snapshot);
                    snapshot = true;
                }
                else
                {
                    readOnly = AccessMode();
                }
            }
            while (tokens.Accept(Symbol.Comma));
        }

        return new BeginStatement(readOnly, snapshot);
    }

    public BeginStatement Begin()
    {
        tokens.Expect(Keyword.Begin);
        tokens.Accept(Keyword.Work);
        return new BeginStatement(ReadOnly: false, ConsistentSnapshot: false);
    }

    public CommitStatement Commit()
    {
        tokens.Expect(Keyword.Commit);
        tokens.Accept(Keyword.Work);
        return new CommitStatement(Chain());
    }

    public Statement Rollback()
    {
        tokens.Expect(Keyword.Rollback);
        tokens.Accept(Keyword.Work);
        if (tokens.Accept(Keyword.To))
        {
            tokens.Accept(Keyword.Savepoint);
            return new RollbackToStatement(tokens.Name());
        }

        return new RollbackStatement(Chain());
    }

    public SavepointStatement Savepoint()
    {
        tokens.Expect(Keyword.Savepoint);
        return new SavepointStatement(tokens.Name());
    }

    public ReleaseSavepointStatement Release()
    {
        tokens.Expect(Keyword.Release);
        tokens.Expect(Keyword.Savepoint);
        return new ReleaseSavepointStatement(tokens.Name());
    }

    public Statement Set()
    {
        tokens.Expect(Keyword.Set);
        if (tokens.Accept(Keyword.Names))
        {
            return Names();
        }

        if (tokens.Accept(Keyword.Charset) || tokens.Accept(Keyword.Character, Keyword.Set))
        {
            return Names();
        }

        if (IsTransaction())
        {
            return Transaction();
        }

        if (tokens.Is(Keyword.Password))
        {
            throw Errors.NotSupported("SET PASSWORD: users are managed by the cloud's console or API");
        }

        var assignments = new List<VariableAssignment>();
        do
        {
            assignments.Add(Assignment());
        }
        while (tokens.Accept(Symbol.Comma));
        return new SetStatement(assignments);
    }

    public KillStatement Kill()
    {
        tokens.Expect(Keyword.Kill);
        var queryOnly = tokens.AcceptAny(Keyword.Query, Keyword.Connection) == Keyword.Query;
        return new KillStatement(queryOnly, parser.Expressions.Parse());
    }

    public LockTablesStatement LockTables()
    {
        var locking = tokens.Take().Keyword == Keyword.Lock;
        if (tokens.AcceptAny(Keyword.Tables, Keyword.Table) == Keyword.None)
        {
            throw tokens.SyntaxError();
        }

        var tables = new List<TableName>();
        if (!locking)
        {
            return new LockTablesStatement(tables);
        }

        do
        {
            tables.Add(parser.Tables.Name());
            if (tokens.Accept(Keyword.As) || (tokens.AtName() && tokens.Ahead(1).Keyword is Keyword.Read or Keyword.Write or Keyword.LowPriority))
            {
                tokens.NameOrString();
            }

            tokens.Accept(Keyword.LowPriority);
            if (tokens.AcceptAny(Keyword.Read, Keyword.Write) == Keyword.Read)
            {
                tokens.Accept(Keyword.Local);
            }
        }
        while (tokens.Accept(Symbol.Comma));
        return new LockTablesStatement(tables);
    }

    /// <summary>FLUSH of anything: there is nothing to flush, since every commit is durable and every cache is checked by version.</summary>
    public FlushStatement Flush()
    {
        tokens.Expect(Keyword.Flush);
        while (!tokens.AtEnd && !tokens.Is(Symbol.Semicolon))
        {
            if (tokens.Take().Kind == TokenKind.Invalid)
            {
                throw tokens.SyntaxError();
            }
        }

        return new FlushStatement();
    }

    public TableMaintenanceStatement Maintain()
    {
        var kind = tokens.Take().Keyword switch
        {
            Keyword.Analyze => TableMaintenance.Analyze,
            Keyword.Check => TableMaintenance.Check,
            Keyword.Optimize => TableMaintenance.Optimize,
            _ => TableMaintenance.Repair,
        };
        _ = tokens.AcceptAny(Keyword.Local, Keyword.NoWriteToBinlog);
        if (tokens.AcceptAny(Keyword.Table, Keyword.Tables) == Keyword.None)
        {
            throw tokens.SyntaxError();
        }

        var tables = parser.Tables.Names();
        _ = tokens.AcceptAny(Keyword.Quick, Keyword.Fast, Keyword.Medium, Keyword.Extended);
        return new TableMaintenanceStatement(kind, tables);
    }

    public PrepareStatement Prepare()
    {
        tokens.Expect(Keyword.Prepare);
        var name = tokens.Name();
        tokens.Expect(Keyword.From);
        return new PrepareStatement(name.ToLowerInvariant(), parser.Expressions.Leaf());
    }

    public ExecuteStatement Execute()
    {
        tokens.Expect(Keyword.Execute);
        var name = tokens.Name();
        var variables = new List<string>();
        if (tokens.Accept(Keyword.Using))
        {
            do
            {
                variables.Add(parser.Expressions.Leaf() is VariableReference { Scope: VariableScope.User } variable
                    ? variable.Name
                    : throw tokens.SyntaxError());
            }
            while (tokens.Accept(Symbol.Comma));
        }

        return new ExecuteStatement(name.ToLowerInvariant(), variables);
    }

    public DeallocateStatement Deallocate()
    {
        tokens.Take();
        tokens.Expect(Keyword.Prepare);
        return new DeallocateStatement(tokens.Name().ToLowerInvariant());
    }

    private bool Chain()
    {
        if (!tokens.Accept(Keyword.And))
        {
            return false;
        }

        var no = tokens.Accept(Keyword.No);
        tokens.Expect(Keyword.Chain);
        return !no;
    }

    private bool AccessMode()
    {
        tokens.Expect(Keyword.Read);
        return tokens.AcceptAny(Keyword.Only, Keyword.Write) switch
        {
            Keyword.Only => true,
            Keyword.Write => false,
            _ => throw tokens.SyntaxError(),
        };
    }

    private SetNamesStatement Names()
    {
        if (tokens.Accept(Keyword.Default))
        {
            return new SetNamesStatement(null, null);
        }

        var charset = parser.Types.CharsetName();
        return new SetNamesStatement(charset, tokens.Accept(Keyword.Collate) ? parser.Types.CollationName() : null);
    }

    private bool IsTransaction() =>
        tokens.Is(Keyword.Transaction)
        || (tokens.Current.Keyword is Keyword.Global or Keyword.Session or Keyword.Local && tokens.Ahead(1).Keyword == Keyword.Transaction);

    private SetTransactionStatement Transaction()
    {
        var scope = Scope(VariableScope.Implicit);
        tokens.Expect(Keyword.Transaction);
        string? level = null;
        bool? readOnly = null;
        do
        {
            if (tokens.Accept(Keyword.Isolation))
            {
                tokens.Expect(Keyword.Level);
                level = Level();
            }
            else
            {
                readOnly = AccessMode();
            }
        }
        while (tokens.Accept(Symbol.Comma));
        return new SetTransactionStatement(scope, level, readOnly);
    }

    private string Level()
    {
        if (tokens.Accept(Keyword.Serializable))
        {
            return "SERIALIZABLE";
        }

        if (tokens.Accept(Keyword.Repeatable, Keyword.Read))
        {
            return "REPEATABLE-READ";
        }

        tokens.Expect(Keyword.Read);
        return tokens.AcceptAny(Keyword.Committed, Keyword.Uncommitted) switch
        {
            Keyword.Committed => "READ-COMMITTED",
            Keyword.Uncommitted => "READ-UNCOMMITTED",
            _ => throw tokens.SyntaxError(),
        };
    }

    private VariableScope Scope(VariableScope otherwise) => tokens.AcceptAny(Keyword.Global, Keyword.Session, Keyword.Local) switch
    {
        Keyword.Global => VariableScope.Global,
        Keyword.Session or Keyword.Local => VariableScope.Session,
        _ => otherwise,
    };

    private VariableAssignment Assignment()
    {
        VariableScope scope;
        string name;
        if (tokens.Current.Kind == TokenKind.UserVariable)
        {
            scope = VariableScope.User;
            name = QuotedText.NameOf(tokens.BytesOf(tokens.Take()));
        }
        else if (tokens.Current.Kind == TokenKind.SystemVariable)
        {
            tokens.Take();
            scope = tokens.Ahead(1).Symbol == Symbol.Dot ? Scope(VariableScope.Session) : VariableScope.Session;
            tokens.Accept(Symbol.Dot);
            name = tokens.AnyWord();
        }
        else
        {
            scope = Scope(VariableScope.Session);
            name = tokens.AnyWord();
        }

        if (!tokens.Accept(Symbol.Assign))
        {
            tokens.Expect(Symbol.Equal);
        }

        return new VariableAssignment(scope, name.ToLowerInvariant(), Value(scope));
    }

    /// <summary>A value; bare words such as ON, utf8mb4 and BINARY stand for themselves.</summary>
    private Expression? Value(VariableScope scope)
    {
        if (scope != VariableScope.User)
        {
            if (tokens.Accept(Keyword.Default))
            {
                return null;
            }

            var next = tokens.Ahead(1);
            var ends = next.Kind == TokenKind.End || next.Symbol is Symbol.Comma or Symbol.Semicolon;
            if (tokens.Current.Kind == TokenKind.Word && ends && tokens.Current.Keyword is not (Keyword.True or Keyword.False or Keyword.Null))
            {
                var word = tokens.Take();
                return new Literal(LiteralKind.String, string.Empty, tokens.BytesOf(word).ToArray()) { Start = word.Start };
            }
        }

        return parser.Expressions.Parse();
    }
}
