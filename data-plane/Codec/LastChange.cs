namespace Cloud.Codec;

/// <summary>
/// Where the newest PUT or DELETE below a LOCK or ROLLBACK record is, so that readers can skip the records between.
/// Source: TiKV, <c>txn_types</c>, LastChange: (0, 0) unknown and not stored; (0, 1) known not to exist; (ts, versions)
/// otherwise.
/// </summary>
/// <param name="Timestamp">Its commit timestamp; 0 when unknown or when there is none.</param>
/// <param name="Versions">The number of versions up to it; 0 when unknown.</param>
public readonly record struct LastChange(ulong Timestamp, ulong Versions)
{
    public static LastChange Unknown => default;

    public static LastChange NotExist => new(0, 1);

    public bool IsKnown => Versions != 0;
}
