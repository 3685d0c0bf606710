namespace Cloud.Modules.Operations.Public;

/// <summary>Codes that operation calls answer with, or that an operation's error carries.</summary>
internal static class OperationErrorCodes
{
    /// <summary>It has ended, or its data is already being removed.</summary>
    public const string NotCancellable = "not-cancellable";

    /// <summary>Only a failed operation can be retried.</summary>
    public const string NotRetryable = "not-retryable";

    /// <summary>The work took longer than it may.</summary>
    public const string DeadlineExceeded = "deadline-exceeded";
}
