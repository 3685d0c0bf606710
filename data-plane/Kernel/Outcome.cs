using System.Diagnostics.CodeAnalysis;

namespace Cloud.Kernel;

/// <summary>An expected failure that the caller must branch on.</summary>
/// <param name="Code">Stable, lower-case, hyphenated; the error registry of the layer gives its status and remedy.</param>
/// <param name="Detail">One sentence for a person, with the values involved and what to do.</param>
/// <param name="Pointer">JSON pointer (RFC 6901) to the offending field of the request; null when no single field is at fault.</param>
public sealed record Failure(string Code, string Detail, string? Pointer = null);

/// <summary>Either a value or a <see cref="Failure"/>; the alternative to throwing for outcomes that are expected.</summary>
public readonly struct Outcome<T>
{
    private readonly T? _value;
    private readonly Failure? _failure;

    private Outcome(T? value, Failure? failure)
    {
        _value = value;
        _failure = failure;
    }

    /// <summary>Whether there is a value; if not there is a <see cref="Failure"/>.</summary>
    [MemberNotNullWhen(false, nameof(Failure))]
    public bool Succeeded => _failure is null;

    /// <summary>The failure, or null.</summary>
    public Failure? Failure => _failure;

    /// <summary>The value.</summary>
    /// <exception cref="InvariantViolatedException">There is none: the caller did not look at <see cref="Succeeded"/>.</exception>
    public T Value
    {
        get
        {
            Invariant.Require(_failure is null, $"the outcome is a failure: {_failure?.Code}: {_failure?.Detail}");
            return _value!; // Succeeded outcomes are made only from a value of T.
        }
    }

    public static implicit operator Outcome<T>(T value) => new(value, null);

    public static implicit operator Outcome<T>(Failure failure) => new(default, failure);

    /// <summary>Maps the value and passes a failure through.</summary>
    public Outcome<TOther> Select<TOther>(Func<T, TOther> map) => _failure is null ? map(_value!) : _failure; // as in Value

    /// <summary>Returns the value, or false with the failure.</summary>
    public bool TryGet([MaybeNullWhen(false)] out T value, [NotNullWhen(false)] out Failure? failure)
    {
        value = _value;
        failure = _failure;
        return _failure is null;
    }
}

/// <summary>The value of an <see cref="Outcome{T}"/> that carries none.</summary>
public readonly record struct Nothing
{
    public static Nothing Value => default;
}
