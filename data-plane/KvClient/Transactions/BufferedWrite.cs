namespace Cloud.KvClient.Transactions;

/// <summary>What a transaction will do to a key.</summary>
internal enum WriteKind
{
    /// <summary>Write a value.</summary>
    Put,

    /// <summary>Write a value where there must be none.</summary>
    Insert,

    /// <summary>Delete.</summary>
    Delete,

    /// <summary>Nothing, but there must be no value: an insert that was deleted again.</summary>
    MustNotExist,

    /// <summary>Nothing but a lock, so that a concurrent change conflicts.</summary>
    Lock,
}

/// <summary>A buffered write. Immutable: changing the mind makes a new one.</summary>
/// <param name="Key">Not changed by anybody.</param>
/// <param name="Kind">What is done.</param>
/// <param name="Value">The value of a put or insert; empty otherwise.</param>
internal sealed record BufferedWrite(byte[] Key, WriteKind Kind, byte[] Value)
{
    public int Bytes => Key.Length + Value.Length;

    /// <summary>Whether a read of this transaction finds its answer here, instead of in the snapshot.</summary>
    public bool Decides => Kind != WriteKind.Lock;

    /// <summary>Whether a read of this transaction finds a value here.</summary>
    public bool HasValue => Kind is WriteKind.Put or WriteKind.Insert;

    /// <summary>Whether committing it changes what others read.</summary>
    public bool Changes => Kind is WriteKind.Put or WriteKind.Insert or WriteKind.Delete;
}
