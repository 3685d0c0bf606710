using System.Globalization;

namespace Cloud.Pd.Meta;

/// <summary>
/// Where things are kept. Source: the key paths of PD (pingcap/tikv pd, endpoint/key_path), so that what reads PD through the etcd API
/// finds them.
/// </summary>
internal sealed class MetaKeys(ulong clusterId)
{
    /// <summary>Everything below belongs to PD and is changed by PD only.</summary>
    public const string Owned = "/pd/";

    /// <summary>The safe point as decimal text, where older clients look for it.</summary>
    public const string SavedSafePoint = "/tidb/store/gcworker/saved_safe_point";

    private readonly string _root = string.Create(CultureInfo.InvariantCulture, $"/pd/{clusterId}");

    public static string ClusterIdKey => "/pd/cluster_id";

    public string Timestamp => _root + "/timestamp";

    public string AllocatedId => _root + "/alloc_id";

    public string Bootstrapped => _root + "/raft";

    public string Stores => _root + "/raft/s/";

    public string Regions => _root + "/raft/r/";

    public string GcSafePoint => _root + "/gc/safe_point";

    public string TxnSafePoint => _root + "/gc/txn_safe_point";

    public string Barriers => _root + "/gc/barriers/";

    public string Store(ulong id) => string.Create(CultureInfo.InvariantCulture, $"{Stores}{id:D20}");

    public string Region(ulong id) => string.Create(CultureInfo.InvariantCulture, $"{Regions}{id:D20}");

    public string Barrier(string name) => Barriers + name;
}
