using Cloud.Execution.Chunks;
using Cloud.Execution.Expressions;
using Cloud.Execution.Types;

namespace Cloud.Execution.Operators;

/// <summary>
/// A source of rows, pulled a chunk at a time. Not thread-safe; used by one statement, disposed at its end whether or not it was drained.
/// </summary>
public abstract class Operator : IAsyncDisposable
{
    /// <summary>Types of the columns of every chunk.</summary>
    public abstract IReadOnlyList<FieldType> Types { get; }

    /// <summary>
    /// The next rows, at least one, without a selection; null at the end and ever after. The chunk is the operator's and valid until the
    /// next call.
    /// </summary>
    public abstract ValueTask<Chunk?> NextAsync(EvaluationContext context, CancellationToken cancellationToken);

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>An operator over one other.</summary>
public abstract class SingleSourceOperator(Operator source) : Operator
{
    protected Operator Source => source;

    public override IReadOnlyList<FieldType> Types => source.Types;

    public override ValueTask DisposeAsync() => source.DisposeAsync();
}
