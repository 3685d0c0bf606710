using System.Text.Json.Serialization;

namespace Cloud.Modules.Operations.Public;

/// <summary>Where an operation stands. <see cref="Succeeded"/>, <see cref="Failed"/> and <see cref="Cancelled"/> are ends.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OperationState>))]
internal enum OperationState
{
    /// <summary>Accepted; no worker has looked at it.</summary>
    [JsonStringEnumMemberName("pending")]
    Pending,

    [JsonStringEnumMemberName("running")]
    Running,

    [JsonStringEnumMemberName("succeeded")]
    Succeeded,

    /// <summary>Ended with an error; it may be retried.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>What it did is being undone.</summary>
    [JsonStringEnumMemberName("cancelling")]
    Cancelling,

    /// <summary>What it did is undone, or another operation took over.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,
}

/// <summary>Where one step of an operation stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<StepState>))]
internal enum StepState
{
    [JsonStringEnumMemberName("pending")]
    Pending,

    [JsonStringEnumMemberName("running")]
    Running,

    [JsonStringEnumMemberName("succeeded")]
    Succeeded,

    /// <summary>Its operation ended before it did.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>It is not needed any more.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,
}

/// <summary>A step of an operation, for people and for the waterfall. Steps may overlap in time.</summary>
/// <param name="Name">Unique within the operation, for example <c>start-storage</c>.</param>
/// <param name="StartedAt">UTC; null before it started.</param>
/// <param name="EndedAt">UTC; null before it ended.</param>
/// <param name="Attempts">How often it was begun.</param>
/// <param name="Error">The last error, with a remedy; null when there is none.</param>
internal sealed record OperationStep(
    string Name,
    StepState State,
    DateTimeOffset? StartedAt = null,
    DateTimeOffset? EndedAt = null,
    int Attempts = 0,
    string? Error = null);

/// <summary>Why an operation failed.</summary>
/// <param name="Code">From the error registry.</param>
/// <param name="Detail">One sentence with a remedy.</param>
internal sealed record OperationError(string Code, string Detail);
