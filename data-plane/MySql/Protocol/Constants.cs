namespace Cloud.MySql.Protocol;

/// <summary>
/// What client and server agree to use. Source: MySQL 8.0 source documentation, "Capabilities Flags".
/// </summary>
[Flags]
internal enum Capabilities : uint
{
    None = 0,
    LongPassword = 1,
    FoundRows = 1 << 1,
    LongFlag = 1 << 2,
    ConnectWithDatabase = 1 << 3,
    Compress = 1 << 5,
    LocalFiles = 1 << 7,
    Protocol41 = 1 << 9,
    Interactive = 1 << 10,
    Ssl = 1 << 11,
    Transactions = 1 << 13,
    SecureConnection = 1 << 15,
    MultiStatements = 1 << 16,
    MultiResults = 1 << 17,
    PreparedMultiResults = 1 << 18,
    PluginAuth = 1 << 19,
    ConnectAttributes = 1 << 20,
    PluginAuthLengthEncodedData = 1 << 21,
    SessionTrack = 1 << 23,
    DeprecateEof = 1 << 24,
}

/// <summary>Source: MySQL 8.0 source documentation, "enum_server_command".</summary>
internal enum CommandCode : byte
{
    Quit = 1,
    InitDatabase = 2,
    Query = 3,
    FieldList = 4,
    Statistics = 9,
    ProcessKill = 12,
    Ping = 14,
    ChangeUser = 17,
    StatementPrepare = 22,
    StatementExecute = 23,
    StatementSendLongData = 24,
    StatementClose = 25,
    StatementReset = 26,
    SetOption = 27,
    StatementFetch = 28,
    ResetConnection = 31,
}

/// <summary>Source: MySQL 8.0 source documentation, "SERVER_STATUS_flags_enum".</summary>
[Flags]
public enum ServerStatus : ushort
{
    None = 0,
    InTransaction = 1,
    Autocommit = 2,
    MoreResults = 8,
    NoGoodIndexUsed = 16,
    NoIndexUsed = 32,
    CursorExists = 64,
    LastRowSent = 128,
    DatabaseDropped = 256,
    NoBackslashEscapes = 512,
    MetadataChanged = 1024,
    InReadOnlyTransaction = 8192,
    SessionStateChanged = 16384,
}

/// <summary>Names, markers and lengths of the protocol.</summary>
internal static class Wire
{
    public const string NativePassword = "mysql_native_password";
    public const string CachingSha2Password = "caching_sha2_password";

    public const byte OkHeader = 0x00;
    public const byte AuthMoreDataHeader = 0x01;
    public const byte NullColumn = 0xFB;
    public const byte EofHeader = 0xFE;
    public const byte ErrorHeader = 0xFF;

    /// <summary>
    /// Payload of the longest single packet; a message of this length or more continues in the next packet.
    /// </summary>
    public const int PacketPayloadMax = 0xFF_FFFF;

    public const int PacketHeaderLength = 4;

    /// <summary>Bytes of the random challenge, without the zero that ends it.</summary>
    public const int NonceLength = 20;

    public const byte Sha2FastAuthSucceeded = 3;
    public const byte Sha2FullAuthNeeded = 4;
    public const byte Sha2PublicKeyRequested = 2;

    /// <summary>First answer to a query that asks for a local file; the client refuses it.</summary>
    public const byte LocalInfileHeader = 0xFB;

    /// <summary>Type byte of the session state that names the current database.</summary>
    public const byte SessionTrackSchema = 1;
}
