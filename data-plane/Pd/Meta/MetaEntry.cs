namespace Cloud.Pd.Meta;

/// <summary>One pair of the metadata, with the revisions that the etcd API shows.</summary>
/// <param name="Key">Owned by the store; never changed.</param>
/// <param name="Value">Owned by the store; never changed.</param>
/// <param name="CreateRevision">Revision of the transaction that created the key.</param>
/// <param name="ModRevision">Revision of the transaction that wrote this value.</param>
/// <param name="Version">Writes since the creation, which counts as 1.</param>
internal sealed record MetaEntry(byte[] Key, byte[] Value, long CreateRevision, long ModRevision, long Version);

/// <summary>One change of one key; a null value deletes it.</summary>
internal readonly record struct MetaChange(byte[] Key, byte[]? Value);
