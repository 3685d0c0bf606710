using System.Collections.Frozen;
using Cloud.Contracts;

namespace Cloud.Node.Sql;

/// <summary>The SQL users of the configuration in force. Thread-safe; a change counts for the next login.</summary>
internal sealed class SqlAccounts(IReadOnlyList<SqlUserSpec> users)
{
    private volatile FrozenDictionary<string, SqlUserSpec> _users = Index(users);

    public SqlUserSpec? Find(string name) => _users.GetValueOrDefault(name);

    public void Replace(IReadOnlyList<SqlUserSpec> users) => _users = Index(users);

    private static FrozenDictionary<string, SqlUserSpec> Index(IReadOnlyList<SqlUserSpec> users)
    {
        // A name that comes twice is an error of the writer; the last one wins, as it would in a file read from top to bottom.
        var byName = new Dictionary<string, SqlUserSpec>(StringComparer.Ordinal);
        foreach (var user in users)
        {
            byName[user.Name] = user;
        }

        return byName.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
