using Cloud.Sql.Ast;
using Cloud.Sql.InformationSchema;
using Cloud.Sql.Planning;

namespace Cloud.Sql.Sessions;

/// <summary>Runs the statements that change or ask the session itself: USE, SET, KILL, PREPARE and the like.</summary>
internal sealed class SettingsRunner(SqlSession session)
{
    public async ValueTask RunAsync(Statement statement, CancellationToken cancellationToken)
    {
        switch (statement)
        {
            case UseStatement use:
                await session.UseAsync(use.Schema, cancellationToken);
                break;
            case SetStatement set:
                await SetAsync(set, cancellationToken);
                break;
            case SetNamesStatement names:
                session.Variables.SetNames(names.Charset, names.Collation);
                break;
            case SetTransactionStatement transaction:
                SetTransaction(transaction);
                break;
            case KillStatement kill:
                await KillAsync(kill, cancellationToken);
                break;
            case LockTablesStatement lockTables:
                await LockTablesAsync(lockTables, cancellationToken);
                break;
            case FlushStatement or EmptyStatement:
                break;
            case DoStatement run:
                foreach (var expression in run.Expressions)
                {
                    await ValueAsync(expression, cancellationToken);
                }

                break;
            case PrepareStatement prepare:
                var (text, _) = await ValueAsync(prepare.Text, cancellationToken);
                session.PrepareNamed(prepare.Name, text.IsNull ? "NULL"u8.ToArray() : TextFormat.ToBytes(text, Literals.TypeOf(text)));
                break;
            case DeallocateStatement deallocate:
                session.DeallocateNamed(deallocate.Name, mustExist: true);
                break;
            default:
                throw Errors.NotSupported(statement.GetType().Name);
        }
    }

    private async ValueTask SetAsync(SetStatement set, CancellationToken cancellationToken)
    {
        foreach (var assignment in set.Assignments)
        {
            if (assignment.Value is null)
            {
                session.Variables.Set(assignment.Scope, assignment.Name, null);
                continue;
            }

            var (value, type) = await ValueAsync(assignment.Value, cancellationToken);
            if (assignment.Scope == VariableScope.User)
            {
                if (session.Context.Variables.Count >= SqlLimits.UserVariablesMax && !session.Context.Variables.ContainsKey(assignment.Name))
                {
                    throw new SqlException(1105, "HY000", $"A session has at most {SqlLimits.UserVariablesMax} user variables");
                }

                session.Context.Variables[assignment.Name] = (value, type);
                continue;
            }

            var wasAutocommit = session.Variables.Autocommit;
            var text = value.IsNull ? "NULL" : System.Text.Encoding.UTF8.GetString(TextFormat.ToBytes(value, type));
            session.Variables.Set(assignment.Scope, assignment.Name, text);
            if (!wasAutocommit && session.Variables.Autocommit)
            {
                await session.CommitAsync(cancellationToken);
            }
        }
    }

    private void SetTransaction(SetTransactionStatement transaction)
    {
        if (transaction.Scope == VariableScope.Implicit && session.Transaction is not null)
        {
            throw Errors.IsolationInTransaction();
        }

        if (transaction.Scope == VariableScope.Global)
        {
            throw Errors.NotSupported("SET GLOBAL TRANSACTION");
        }

        if (transaction.IsolationLevel is { } level)
        {
            session.Variables.SetIsolation(level);
        }

        if (transaction.ReadOnly is { } readOnly)
        {
            if (transaction.Scope == VariableScope.Implicit)
            {
                session.NextReadOnly = readOnly;
            }
            else
            {
                session.Variables.Set(VariableScope.Session, "transaction_read_only", readOnly ? "ON" : "OFF");
            }
        }
    }

    private async ValueTask KillAsync(KillStatement kill, CancellationToken cancellationToken)
    {
        var (value, type) = await ValueAsync(kill.ConnectionId, cancellationToken);
        Conversions.ToInt64(new ValueRef(value), type, out var id);
        var target = session.Engine.FindSession(id) ?? throw Errors.UnknownThread(id);
        if (!string.Equals(target.Options.User, session.Options.User, StringComparison.Ordinal) && session.Options.ReadOnly)
        {
            throw new SqlException(1095, "HY000", $"You are not owner of thread {id}");
        }

        if (kill.QueryOnly)
        {
            target.CancelStatement();
        }
        else
        {
            target.Kill();
        }
    }

    /// <summary>Without effect, but the tables must exist: an open transaction is committed, as in MySQL.</summary>
    private async ValueTask LockTablesAsync(LockTablesStatement statement, CancellationToken cancellationToken)
    {
        await session.CommitAsync(cancellationToken);
        var catalog = await session.Engine.Catalog.GetAsync(cancellationToken);
        foreach (var name in statement.Tables)
        {
            var schema = name.Schema ?? session.CurrentDatabase ?? throw Errors.NoDatabaseSelected();
            if (!VirtualTables.IsVirtualSchema(schema))
            {
                catalog.RequireTable(schema, name.Name);
            }
        }
    }

    private async ValueTask<(Datum Value, Cloud.Execution.Types.FieldType Type)> ValueAsync(Expression expression, CancellationToken cancellationToken)
    {
        var catalog = await session.Engine.Catalog.GetAsync(cancellationToken);
        var planning = new PlanningContext(
            catalog,
            session.CurrentDatabase,
            session.Context,
            session.Variables.Read,
            (schema, name) => VirtualTables.Find(schema, name, session, catalog));
        var planner = new QueryPlanner(planning);
        var bound = new ExpressionBinder(planning, new NameScope(outer: null), planner).Bind(expression, "field list");
        var timestamp = ExpressionTree.Nodes(bound).Any(node => PlanRuntime.PlanOf(node) is not null)
            ? await session.Engine.Storage.GetTimestampAsync(cancellationToken)
            : ulong.MaxValue;
        var runtime = new PlanRuntime(session.Context, session.Engine.Storage.GetSnapshot(timestamp));
        await runtime.PrepareAsync(bound, cancellationToken);
        var (value, compiled) = runtime.Constant(bound);
        return (value, compiled.Type);
    }
}
