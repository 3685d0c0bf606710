using System.Runtime.CompilerServices;

namespace Cloud.ApiClient;

/// <summary>Walks over lists.</summary>
internal static class Paging
{
    /// <summary>Every item of every page, each page fetched when the one before is used up.</summary>
    public static async IAsyncEnumerable<T> AllAsync<T>(
        Func<string?, CancellationToken, Task<(IReadOnlyList<T> Items, string? NextPageToken)>> fetch,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? token = null;
        do
        {
            (var items, token) = await fetch(token, cancellationToken);
            foreach (var item in items)
            {
                yield return item;
            }
        }
        while (token is not null);
    }
}
