using System.Globalization;
using System.Text;

namespace Cloud.ApiClient;

/// <summary>What a caller may add to any call.</summary>
public sealed record CallOptions
{
    /// <summary>Makes repeats of a mutation harmless, also across processes; null takes a fresh key for each call.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>The ETag that a change is based on, or <c>*</c>.</summary>
    public string? IfMatch { get; init; }
}

/// <summary>One call as the generated code describes it.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">From the root, escaped.</param>
public sealed record ApiRequest(HttpMethod Method, string Path)
{
    /// <summary>Names and values; nulls are left out.</summary>
    public IReadOnlyList<(string Name, object? Value)> Query { get; init; } = [];

    /// <summary>Sent as JSON; null for none.</summary>
    public object? Body { get; init; }

    /// <summary>Sent as a form; null for none.</summary>
    public IReadOnlyDictionary<string, string>? Form { get; init; }

    public CallOptions? Options { get; init; }

    /// <summary>Whether no token is sent.</summary>
    public bool IsAnonymous { get; init; }

    /// <summary>Whether it takes an idempotency key.</summary>
    public bool IsMutation { get; init; }

    /// <summary>One segment of a path; ids pass unchanged.</summary>
    public static string Escape(string segment) => Uri.EscapeDataString(segment);

    internal string PathAndQuery()
    {
        var text = new StringBuilder(Path);
        var separator = '?';
        foreach (var (name, value) in Query)
        {
            if (value is not null)
            {
                text.Append(separator).Append(name).Append('=').Append(Uri.EscapeDataString(Format(value)));
                separator = '&';
            }
        }

        return text.ToString();
    }

    private static string Format(object value) => value switch
    {
        bool flag => flag ? "true" : "false",
        DateTimeOffset time => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? string.Empty,
    };
}
