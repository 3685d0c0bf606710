namespace Cloud.Modules.Platform.Errors;

/// <summary>One kind of failure that the API answers with; part of the public contract once released.</summary>
/// <param name="Code">Lower-case words joined by hyphens; never changes its meaning.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="Title">A short sentence without values, the same each time.</param>
/// <param name="Remedy">What the caller can do.</param>
/// <param name="Retryable">Whether the same request may succeed later without any change by the caller.</param>
internal sealed record ErrorDefinition(string Code, int Status, string Title, string Remedy, bool Retryable = false)
{
    /// <summary>The problem's <c>type</c>: a stable URN, since a self-hosted cloud has no web address that outlives it.</summary>
    public string Type => "urn:cloud:problem:" + Code;
}
