using System.Diagnostics.CodeAnalysis;
using Cloud.ApiClient;

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

/// <summary>The value of a reply that carries none.</summary>
public readonly record struct Nothing;

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
    IReadOnlyList<FieldError> Errors,
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
        $"Nothing answers at {api}: {reason}. Your clusters keep running meanwhile. Whoever runs this cloud finds the cause with ./cloud status and ./cloud logs.",
        null,
        [],
        RetryAfterSeconds: 5);

    /// <summary>What an error of the API says.</summary>
    public static Problem Of(ApiException error) => error.Problem is { } said
        ? new Problem((int)said.Status, said.Code, said.Title, said.Detail, said.RequestId, said.Errors ?? [], Seconds(error.RetryAfter))
        : new Problem(
            (int?)error.Status ?? StatusCodes.Status503ServiceUnavailable,
            "refused",
            "The request was refused",
            error.Message,
            error.RequestId.Length > 0 ? error.RequestId : null,
            [],
            Seconds(error.RetryAfter));

    /// <summary>The API answered something that this console cannot read.</summary>
    public static Problem NotUnderstood(string what) => new(
        StatusCodes.Status502BadGateway,
        "not-understood",
        "The control plane answered in a way the console does not know",
        $"{what} Reload the page; if it stays so, console and control plane are of different versions.",
        null,
        []);

    /// <summary>Whether the same call may succeed later without any change.</summary>
    public bool IsTransient => Status is 408 or 429 or >= 500;

    /// <summary>What is said about one field; null when nothing is.</summary>
    public string? For(string pointer) => Errors.FirstOrDefault(error => error.Pointer == pointer)?.Detail;

    private static int? Seconds(TimeSpan? span) => span is { } given ? (int)Math.Ceiling(given.TotalSeconds) : null;
}
