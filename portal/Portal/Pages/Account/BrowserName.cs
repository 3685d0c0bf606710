namespace Cloud.Portal.Pages.Account;

/// <summary>What people call the program behind a User-Agent header.</summary>
/// <remarks>
/// Every browser names those it wants to be taken for, so the more particular names are looked for first.
/// <b>Source:</b> RFC 9110 §10.1.5; the order is chosen here.
/// </remarks>
internal static class BrowserName
{
    private static readonly (string Token, string Name)[] Browsers =
        [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("cloudctl", "cloudctl")];

    private static readonly (string Token, string Name)[] Systems =
        [("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "macOS"), ("Linux", "Linux")];

    /// <summary>For example <c>Firefox on Linux</c>; the first word of what is not known; <c>Unknown</c> for nothing.</summary>
    public static string Of(string? userAgent)
    {
        if (string.IsNullOrWhiteSpace(userAgent))
        {
            return "Unknown";
        }

        var browser = Find(Browsers, userAgent) ?? userAgent.Split(' ', '/')[0];
        return Find(Systems, userAgent) is { } system ? $"{browser} on {system}" : browser;
    }

    private static string? Find((string Token, string Name)[] table, string text) =>
        table.FirstOrDefault(entry => text.Contains(entry.Token, StringComparison.Ordinal)).Name;
}
