using Cloud.KvClient;
using Cloud.Sql.Ast;
using Cloud.Sql.Planning;
using Cloud.Sql.Storage;

namespace Cloud.Sql.Statements;

/// <summary>What one execution of a statement that writes has at hand.</summary>
internal sealed record StatementScope(
    PlanningContext Planning, IKvTransaction Transaction, bool Pessimistic, IKvSnapshot Reads, TimeSpan LockWait, NumberAllocator Numbers)
{
    public EvaluationContext Context => Planning.Evaluation;

    /// <summary>A runtime for reading the rows that are going to be written: locked first in a pessimistic transaction.</summary>
    public PlanRuntime LockingRuntime() => new(Context, Reads)
    {
        Locking = Pessimistic ? new RowLocking(Transaction, LockWait, LockWaitPolicy.Wait) : null,
    };
}

/// <summary>What a statement that writes did.</summary>
internal sealed record WriteResult(ulong AffectedRows, ulong LastInsertId, string Message);
