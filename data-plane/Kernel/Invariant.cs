using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Cloud.Kernel;

/// <summary>Assertions that stay on in production: a broken invariant stops the unit of work instead of corrupting data.</summary>
public static class Invariant
{
    /// <summary>Requires <paramref name="condition"/>.</summary>
    /// <param name="condition">What must hold.</param>
    /// <param name="message">What the invariant is; null takes the source text of the condition.</param>
    /// <exception cref="InvariantViolatedException">The condition does not hold: a defect of ours, never a user's.</exception>
    public static void Require(
        [DoesNotReturnIf(false)] bool condition,
        string? message = null,
        [CallerArgumentExpression(nameof(condition))] string expression = "")
    {
        if (!condition)
        {
            Throw(message ?? expression);
        }
    }

    /// <summary>As <see cref="Require(bool, string?, string)"/>, with a message that is formatted only on failure.</summary>
    public static void Require(
        [DoesNotReturnIf(false)] bool condition,
        [InterpolatedStringHandlerArgument(nameof(condition))] InvariantMessage message)
    {
        if (!condition)
        {
            Throw(message.ToString());
        }
    }

    [DoesNotReturn]
    private static void Throw(string message) => throw new InvariantViolatedException(message);
}

/// <summary>A defect in this program was detected; the unit of work that met it must not go on.</summary>
public sealed class InvariantViolatedException(string message) : Exception("Invariant violated: " + message);

/// <summary>Formats the message of an invariant only when it is violated.</summary>
[InterpolatedStringHandler]
public ref struct InvariantMessage
{
    private DefaultInterpolatedStringHandler _inner;
    private readonly bool _active;

    public InvariantMessage(int literalLength, int formattedCount, bool condition, out bool shouldAppend)
    {
        _active = shouldAppend = !condition;
        _inner = _active ? new DefaultInterpolatedStringHandler(literalLength, formattedCount) : default;
    }

    public void AppendLiteral(string value) => _inner.AppendLiteral(value);

    public void AppendFormatted<T>(T value) => _inner.AppendFormatted(value);

    public void AppendFormatted<T>(T value, string? format) => _inner.AppendFormatted(value, format);

    public override string ToString() => _active ? _inner.ToStringAndClear() : string.Empty;
}
