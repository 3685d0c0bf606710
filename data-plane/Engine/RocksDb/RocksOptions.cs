using Cloud.Kernel;

namespace Cloud.Engine.RocksDb;

/// <summary>
/// Memory and parallelism of one RocksDB instance. The defaults are chosen here for nodes of 1 to 4 GiB that share a
/// host; what they trade is write amplification against resident memory.
/// </summary>
public sealed record RocksOptions
{
    /// <summary>
    /// Cache of uncompressed blocks, shared by all families; filled as blocks are read, so that an idle store does not have it. Chosen here: a
    /// quarter of a node of 1 GiB. A million rows of 150 bytes fit, of which a point read then decompresses no block.
    /// </summary>
    public ByteSize BlockCache { get; init; } = ByteSize.FromMiB(256);

    /// <summary>Memory of one family before it is written to a sorted file.</summary>
    public ByteSize WriteBuffer { get; init; } = ByteSize.FromMiB(16);

    /// <summary>Memory of all families together.</summary>
    public ByteSize WriteBufferTotal { get; init; } = ByteSize.FromMiB(48);

    /// <summary>
    /// Bytes of write-ahead log after which the oldest family is flushed; bounds the time that opening takes.
    /// </summary>
    public ByteSize WalTotalMax { get; init; } = ByteSize.FromMiB(96);

    public int BackgroundJobs { get; init; } = 2;

    public int OpenFilesMax { get; init; } = 512;
}
