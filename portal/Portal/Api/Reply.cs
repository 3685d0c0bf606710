using System.Diagnostics.CodeAnalysis;

namespace Cloud.Portal.Api;

/// <summary>What the API answered: a value, or the problem to show.</summary>
public readonly struct Reply<T>
{
    private readonly T? _value;
    private readonly Problem? _problem;

    private Reply(T? value, Problem? problem)
    {
        _value = value;
        _problem = problem;
    }

    public static implicit operator Reply<T>(T value) => new(value, null);

    public static implicit operator Reply<T>(Problem problem) => new(default, problem);

    /// <summary>Returns the value, or false with the problem.</summary>
    public bool TryGet([MaybeNullWhen(false)] out T value, [NotNullWhen(false)] out Problem? problem)
    {
        value = _value;
        problem = _problem;
        return _problem is null;
    }
}

/// <summary>One bad field of a request.</summary>
/// <param name="Pointer">JSON pointer (RFC 6901) into the request body.</param>
/// <param name="Code">Stable code.</param>
/// <param name="Detail">What is wrong and what would be right.</param>
public sealed record FieldProblem(string Pointer, string Code, string Detail);

/// <summary>Why a call did not succeed, in the words that people are shown.</summary>
/// <param name="Status">HTTP status; 503 also when the control plane could not be reached.</param>
/// <param name="Code">Stable code of the API's registry, or of this class.</param>
/// <param name="Title">What went wrong.</param>
/// <param name="Detail">The case at hand and its remedy.</param>
/// <param name="RequestId">What to quote when asking for help; null when no server took the request.</param>
/// <param name="Errors">The fields at fault; empty when none is.</param>
/// <param name="RetryAfterSeconds">When to try again, where the server says so.</param>
public sealed record Problem(
    int Status,
    string Code,
    string Title,
    string Detail,
    string? RequestId,
    IReadOnlyList<FieldProblem> Errors,
    int? RetryAfterSeconds = null)
{
    /// <summary>The session is over; only signing in again helps.</summary>
    public static Problem SessionEnded { get; } = new(
        StatusCodes.Status401Unauthorized, "session-ended", "Your session has ended", "Sign in again to go on.", null, []);

    /// <summary>The control plane does not answer.</summary>
    public static Problem Unreachable(Uri api, string reason) => new(
        StatusCodes.Status503ServiceUnavailable,
        "unreachable",
        "The control plane does not answer",
        $"Nothing answers at {api} ({reason}). Your clusters keep running meanwhile. Whoever runs this cloud finds the cause with ./cloud status and ./cloud logs.",
        null,
        [],
        RetryAfterSeconds: 5);

    /// <summary>Whether the same call may succeed later without any change.</summary>
    public bool IsTransient => Status is 408 or 429 or >= 500;

    /// <summary>What is said about one field; null when nothing is.</summary>
    public string? For(string pointer) => Errors.FirstOrDefault(error => error.Pointer == pointer)?.Detail;
}
