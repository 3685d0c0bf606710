using Cloud.Kernel;

namespace Cloud.Modules.Platform.Errors;

/// <summary>Failures that any endpoint may answer with.</summary>
internal static class PlatformErrors
{
    public const string MalformedRequest = "malformed-request";
    public const string UnknownField = "unknown-field";
    public const string ValidationFailed = "validation-failed";
    public const string InvalidPageToken = "invalid-page-token";
    public const string InvalidFilter = "invalid-filter";
    public const string Unauthenticated = "unauthenticated";
    public const string Forbidden = "forbidden";
    public const string NotFound = "not-found";
    public const string MethodNotAllowed = "method-not-allowed";
    public const string UnsupportedMediaType = "unsupported-media-type";
    public const string PayloadTooLarge = "payload-too-large";
    public const string RateLimited = "rate-limited";
    public const string PreconditionFailed = "precondition-failed";
    public const string PreconditionRequired = "precondition-required";
    public const string ConcurrentChange = "concurrent-change";
    public const string IdempotencyKeyReuse = "idempotency-key-reuse";
    public const string IdempotencyKeyInUse = "idempotency-key-in-use";
    public const string Unavailable = "unavailable";
    public const string Internal = "internal";

    public static IReadOnlyList<ErrorDefinition> All { get; } =
    [
        new(MalformedRequest, 400, "The request cannot be read.", "Send well-formed JSON whose values have the documented types."),
        new(UnknownField, 400, "The request has a field that does not exist.", "Remove the field, or correct its spelling."),
        new(ValidationFailed, 422, "The request has invalid fields.", "Correct the fields that 'errors' points at."),
        new(InvalidPageToken, 400, "The page token is not one that this list gave out.", "Start again without a page token."),
        new(InvalidFilter, 400, "The filter or order cannot be used.", "Use the documented fields and operators."),
        new(Unauthenticated, 401, "The caller is not signed in.", "Send 'Authorization: Bearer <access token>' with a live token."),
        new(Forbidden, 403, "The caller lacks a permission.", "Ask an owner of the organization for a role that has the permission."),
        new(NotFound, 404, "There is no such resource.", "Check the id, and that the caller's organization owns it."),
        new(MethodNotAllowed, 405, "The resource does not have this method.", "Use a method that the Allow header names."),
        new(UnsupportedMediaType, 415, "The body has a media type that is not supported.", "Send 'Content-Type: application/json'."),
        new(PayloadTooLarge, 413, "The request body is too large.", "Send at most 1 MiB."),
        new(RateLimited, 429, "There were too many requests.", "Wait as long as Retry-After says.", Retryable: true),
        new(PreconditionFailed, 412, "The resource was changed since it was read.", "Read it again and send its new ETag."),
        new(PreconditionRequired, 428, "The change needs an If-Match header.", "Send If-Match with the ETag of the resource, or *."),
        new(ConcurrentChange, 409, "Another change of the same resource came first.", "Send the request again.", Retryable: true),
        new(IdempotencyKeyReuse, 422, "The idempotency key was used for another request.", "Use a new key for each new request."),
        new(IdempotencyKeyInUse, 409, "A request with this idempotency key is still running.", "Wait, then repeat it.", Retryable: true),
        new(Unavailable, 503, "A part of the cloud cannot be reached.", "Wait as long as Retry-After says.", Retryable: true),
        new(Internal, 500, "The cloud failed to handle the request.", "Report the request id to the operator.", Retryable: true),
    ];

    /// <summary>Another tenant's resource and one that does not exist are the same to the caller.</summary>
    public static Failure ResourceNotFound(string kind, object id) => new(NotFound, $"There is no {kind} '{id}'.");
}
