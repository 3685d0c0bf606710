using System.Text.Json;
using Cloud.ApiClient;

namespace Cloud.Portal.Pages.Clusters;

/// <summary>What pages ask of operations and their steps.</summary>
internal static class OperationText
{
    /// <summary>Whether nothing more will happen.</summary>
    public static bool HasEnded(this Operation operation) => operation.State is "succeeded" or "failed" or "cancelled";

    /// <summary>A time of a step; null where the step is not that far.</summary>
    public static DateTimeOffset? At(this JsonElement time) => time.ValueKind == JsonValueKind.String ? time.GetDateTimeOffset() : null;

    /// <inheritdoc cref="At(JsonElement)"/>
    public static DateTimeOffset? At(this DateTimeOffset? time) => time;
}
