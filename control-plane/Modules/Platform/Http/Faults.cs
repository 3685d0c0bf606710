using System.Text.Json;
using System.Text.RegularExpressions;
using Cloud.Kernel;
using Cloud.Modules.Platform.Errors;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Cloud.Modules.Platform.Http;

/// <summary>What an exception means to the caller.</summary>
internal sealed record Fault(Failure Failure, bool IsDefect = false, IReadOnlyList<FieldError>? Errors = null);

/// <summary>Reads exceptions that reach the boundary of a request. Pure.</summary>
internal static partial class Faults
{
    /// <summary>Never null: what nobody knows is a defect of ours.</summary>
    public static Fault Read(Exception exception, HttpContext http) => exception switch
    {
        BadHttpRequestException bad => ReadBadRequest(bad, http),
        DbUpdateConcurrencyException => new Fault(new Failure(
            PlatformErrors.ConcurrentChange, "The resource was changed while this request ran. Send the request again.")),
        _ when Find<PostgresException>(exception) is { } failure => ReadDatabase(failure),
        _ when IsUnreachable(exception) => Unavailable,
        _ => new Fault(new Failure(
            PlatformErrors.Internal, $"Something failed that should not. Report request id {http.GetRequestId()}."), IsDefect: true),
    };

    /// <summary>Whether the database gave no answer, as opposed to refusing what was asked.</summary>
    public static bool IsUnreachable(Exception exception) => Find<PostgresException>(exception) is null
        && (Find<NpgsqlException>(exception) is not null || Find<TimeoutException>(exception) is not null);

    private static Fault Unavailable { get; } = new(new Failure(
        PlatformErrors.Unavailable, "The control plane's database cannot be reached right now. Try again in a moment."));

    private static Fault ReadDatabase(PostgresException failure) => failure.SqlState switch
    {
        PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable
            or PostgresErrorCodes.UniqueViolation => new Fault(new Failure(
                PlatformErrors.ConcurrentChange, "Another change came first. Send the request again.")),
        PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown
            or PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.DiskFull
            or PostgresErrorCodes.OutOfMemory => Unavailable,
        var state when state.StartsWith("08", StringComparison.Ordinal) => Unavailable,
        _ => new Fault(new Failure(PlatformErrors.Internal, "The database refused what should be right. Report the request id."), true),
    };

    private static Fault ReadBadRequest(BadHttpRequestException bad, HttpContext http)
    {
        switch (bad.StatusCode)
        {
            case StatusCodes.Status413PayloadTooLarge:
                return new Fault(new Failure(
                    PlatformErrors.PayloadTooLarge, $"The body is larger than {RequestBody.BytesMax} bytes."));
            case StatusCodes.Status415UnsupportedMediaType:
                return new Fault(new Failure(
                    PlatformErrors.UnsupportedMediaType, $"The body is '{http.Request.ContentType}', but must be application/json."));
        }

        if (Find<JsonException>(bad) is { } json)
        {
            return ReadJson(json);
        }

        if (UnboundParameter().Match(bad.Message) is { Success: true } unbound)
        {
            var name = unbound.Groups["name"].Value;
            return http.Request.RouteValues.TryGetValue(name, out var value)
                ? new Fault(PlatformErrors.ResourceNotFound(name, value ?? string.Empty))
                : new Fault(new Failure(PlatformErrors.MalformedRequest, $"The query parameter '{name}' has a wrong form.", name));
        }

        return new Fault(new Failure(PlatformErrors.MalformedRequest, "The request needs a JSON body of the documented shape."));
    }

    private static Fault ReadJson(JsonException json)
    {
        var pointer = ToPointer(json.Path);
        if (MissingProperties().Match(json.Message) is { Success: true } missing)
        {
            var errors = QuotedName().Matches(missing.Groups["names"].Value)
                .Select(name => new FieldError(
                    $"{pointer}/{name.Groups["name"].Value}", "required", $"'{name.Groups["name"].Value}' is required."))
                .ToList();
            return new Fault(
                new Failure(PlatformErrors.ValidationFailed, string.Join(' ', errors.Select(error => error.Detail))), Errors: errors);
        }

        return json.Message.Contains("could not be mapped to any .NET member", StringComparison.Ordinal)
            ? new Fault(new Failure(PlatformErrors.UnknownField, $"There is no field '{pointer}'.", pointer))
            : new Fault(new Failure(PlatformErrors.MalformedRequest, DescribeJson(json, pointer), pointer));
    }

    private static string DescribeJson(JsonException json, string pointer) =>
        pointer.Length > 0
            ? $"The value at '{pointer}' has a wrong type or form."
            : $"The body is not valid JSON near line {json.LineNumber + 1}, byte {json.BytePositionInLine + 1}.";

    /// <summary><c>$.sql.count</c> to <c>/sql/count</c>, <c>$.list[0]</c> to <c>/list/0</c>.</summary>
    internal static string ToPointer(string? path) => path is null or "$"
        ? string.Empty
        : PathStep().Replace(path.TrimStart('$'), step => "/" + step.Groups["name"].Value.Replace("~", "~0").Replace("/", "~1"));

    private static T? Find<T>(Exception exception)
        where T : Exception
    {
        for (Exception? current = exception; current is not null; current = current.InnerException)
        {
            if (current is T found)
            {
                return found;
            }
        }

        return null;
    }

    [GeneratedRegex("""^Failed to bind parameter "\S+ (?<name>\w+)" from """, RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex UnboundParameter();

    [GeneratedRegex("missing required properties including: (?<names>.*)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MissingProperties();

    [GeneratedRegex("'(?<name>[^']+)'", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex QuotedName();

    [GeneratedRegex(@"\.(?<name>[^.\[\]]+)|\['(?<name>[^']*)'\]|\[(?<name>\d+)\]", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PathStep();
}
