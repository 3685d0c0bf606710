using System.Linq.Expressions;
using System.Reflection;

namespace Cloud.Modules.Platform.Paging;

/// <summary>Expressions for comparing columns, also of types whose C# has no comparison operators. Pure.</summary>
internal static class Keyset
{
    private static readonly MethodInfo OrderMethod =
        typeof(Keyset).GetMethod(nameof(Order), BindingFlags.NonPublic | BindingFlags.Static)!; // declared below

    /// <summary>The body of a one-parameter lambda, with <paramref name="row"/> in the parameter's place.</summary>
    public static Expression Inline(LambdaExpression lambda, ParameterExpression row) =>
        new Replacement(lambda.Parameters[0], row).Visit(lambda.Body);

    /// <summary>
    /// A comparison that the database evaluates in its own order: text and uuid columns compare in SQL as the operator says,
    /// while C# defines none for strings and typed ids.
    /// </summary>
    public static Expression Compare(ExpressionType comparison, Expression column, object value) => Expression.MakeBinary(
        comparison,
        column,
        Parameter(value, column.Type),
        liftToNull: false,
        OrderMethod.MakeGenericMethod(column.Type));

    /// <summary>A value that EF sends as a parameter instead of writing it into the SQL text.</summary>
    public static Expression Parameter(object value, Type type)
    {
        var box = Activator.CreateInstance(typeof(Box<>).MakeGenericType(type), value)!; // Box is a plain class
        return Expression.Property(Expression.Constant(box), nameof(Box<>.Value));
    }

    /// <summary>Only names the comparison in an expression tree; it is translated, never called.</summary>
    private static bool Order<T>(T left, T right) =>
        throw new InvalidOperationException($"{left} and {right} are compared by the database alone.");

    private sealed class Box<T>(T value)
    {
        public T Value { get; } = value;
    }

    private sealed class Replacement(ParameterExpression from, ParameterExpression to) : ExpressionVisitor
    {
        protected override Expression VisitParameter(ParameterExpression node) => node == from ? to : node;
    }
}
