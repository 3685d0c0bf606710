using System.Collections.Concurrent;

namespace Cloud.MySql.Server;

/// <summary>
/// Remembers, for accounts that authenticated in full, the double SHA-256 of the password, so that the next login needs
/// neither
/// encryption nor 5,000 rounds of hashing. An entry belongs to one verifier: a changed password makes it useless. In
/// memory only.
/// Thread-safe.
/// </summary>
internal sealed class PasswordCache
{
    /// <summary>Chosen here: accounts of one cluster are few; over it the cache starts anew.</summary>
    public const int AccountsMax = 4096;

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    public byte[]? Find(SqlAccount account) =>
        _entries.TryGetValue(account.Name, out var entry)
        && string.Equals(entry.Verifier, account.CachingSha2Verifier, StringComparison.Ordinal)
            ? entry.Stage2
            : null;

    public void Store(SqlAccount account, byte[] stage2)
    {
        if (_entries.Count >= AccountsMax)
        {
            _entries.Clear();
        }

        _entries[account.Name] = new Entry(account.CachingSha2Verifier, stage2);
    }

    private sealed record Entry(string Verifier, byte[] Stage2);
}
