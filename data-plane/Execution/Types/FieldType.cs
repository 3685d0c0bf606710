using Cloud.Kernel;

namespace Cloud.Execution.Types;

/// <summary>
/// Column type codes of the MySQL protocol.
/// Source: MySQL 8.0 source documentation, "enum_field_types" (field_types.h).
/// </summary>
public enum MySqlType : byte
{
    OldDecimal = 0,
    TinyInt = 1,
    SmallInt = 2,
    Int = 3,
    Float = 4,
    Double = 5,
    Null = 6,
    Timestamp = 7,
    BigInt = 8,
    MediumInt = 9,
    Date = 10,
    Time = 11,
    DateTime = 12,
    Year = 13,
    VarChar = 15,
    Bit = 16,
    Json = 245,
    Decimal = 246,
    Enum = 247,
    Set = 248,
    TinyBlob = 249,
    MediumBlob = 250,
    LongBlob = 251,
    Blob = 252,
    VarString = 253,
    String = 254,
    Geometry = 255,
}

/// <summary>
/// Column flags of the MySQL protocol, as they travel in column definitions.
/// Source: MySQL 8.0 source documentation, "Column Definition Flags".
/// </summary>
[Flags]
public enum FieldFlags : ushort
{
    None = 0,
    NotNull = 1,
    PrimaryKey = 2,
    UniqueKey = 4,
    MultipleKey = 8,
    Blob = 16,
    Unsigned = 32,
    ZeroFill = 64,
    Binary = 128,
    Enum = 256,
    AutoIncrement = 512,
    Timestamp = 1024,
    Set = 2048,
    NoDefaultValue = 4096,
    OnUpdateNow = 8192,
    Number = 32768,
}

/// <summary>How values of a type lie in a <see cref="Chunks.ColumnVector"/>.</summary>
public enum VectorKind : byte
{
    /// <summary>8 bytes: signed integers and years.</summary>
    Int64,

    /// <summary>8 bytes: unsigned integers and bit fields.</summary>
    UInt64,

    /// <summary>8 bytes: DOUBLE.</summary>
    Float64,

    /// <summary>4 bytes: FLOAT.</summary>
    Float32,

    /// <summary>40 bytes: <see cref="MySqlDecimal"/>.</summary>
    Decimal,

    /// <summary>8 bytes: <see cref="PackedTime"/> of DATE, DATETIME and TIMESTAMP.</summary>
    Time,

    /// <summary>8 bytes: <see cref="MySqlDuration"/> of TIME.</summary>
    Duration,

    /// <summary>Variable: strings as UTF-8, binary strings, JSON, names of ENUM and SET.</summary>
    Bytes,
}

/// <summary>
/// The type of a column or of an expression. Immutable; equal by value.
/// </summary>
public sealed record FieldType
{
    /// <summary>Length or decimals that nobody gave.</summary>
    public const int Unspecified = -1;

    /// <summary>Decimals of FLOAT and DOUBLE without a fixed number of them, as the protocol has it.</summary>
    public const int DecimalsNotFixed = 31;

    public required MySqlType Type { get; init; }

    public FieldFlags Flags { get; init; }

    /// <summary>
    /// Characters of strings, precision of decimals, display width of numbers; <see cref="Unspecified"/> when not
    /// given.
    /// </summary>
    public int Length { get; init; } = Unspecified;

    /// <summary>
    /// Scale of decimals, fractional second digits (0-6) of times; <see cref="Unspecified"/> when not given.
    /// </summary>
    public int Decimals { get; init; } = Unspecified;

    /// <summary>MySQL's collation id; <see cref="Collation.BinaryId"/> for everything that is not text.</summary>
    public ushort CollationId { get; init; } = Collation.BinaryId;

    public bool IsUnsigned => Flags.HasFlag(FieldFlags.Unsigned);

    public bool IsNotNull => Flags.HasFlag(FieldFlags.NotNull);

    public Collation Collation => Collation.Get(CollationId);

    public bool IsInteger => Type is MySqlType.TinyInt or MySqlType.SmallInt or MySqlType.MediumInt or MySqlType.Int
        or MySqlType.BigInt or MySqlType.Year or MySqlType.Bit;

    public bool IsTime => Type is MySqlType.Date or MySqlType.DateTime or MySqlType.Timestamp;

    public bool IsString => Kind == VectorKind.Bytes;

    /// <summary>Whether values are character strings rather than bytes.</summary>
    public bool IsText => IsString && CollationId != Collation.BinaryId;

    /// <summary>Fractional second digits, 0 when unspecified.</summary>
    public int FractionDigits => Decimals is > 0 and <= PackedTime.FractionDigitsMax ? Decimals : 0;

    public VectorKind Kind => Type switch
    {
        MySqlType.TinyInt or MySqlType.SmallInt or MySqlType.MediumInt or MySqlType.Int or MySqlType.BigInt
            => IsUnsigned ? VectorKind.UInt64 : VectorKind.Int64,
        MySqlType.Year => VectorKind.Int64,
        MySqlType.Bit => VectorKind.UInt64,
        MySqlType.Float => VectorKind.Float32,
        MySqlType.Double => VectorKind.Float64,
        MySqlType.Decimal or MySqlType.OldDecimal => VectorKind.Decimal,
        MySqlType.Date or MySqlType.DateTime or MySqlType.Timestamp => VectorKind.Time,
        MySqlType.Time => VectorKind.Duration,
        MySqlType.Null or MySqlType.VarChar or MySqlType.VarString or MySqlType.String or MySqlType.Blob
            or MySqlType.TinyBlob or MySqlType.MediumBlob or MySqlType.LongBlob or MySqlType.Json
            or MySqlType.Enum or MySqlType.Set or MySqlType.Geometry => VectorKind.Bytes,
        _ => throw new InvariantViolatedException($"no such column type: {Type}"),
    };

    /// <summary>BIGINT.</summary>
    public static FieldType BigInt { get; } = new()
    {
        Type = MySqlType.BigInt, Length = 20, Decimals = 0, Flags = FieldFlags.Binary,
    };

    /// <summary>BIGINT UNSIGNED.</summary>
    public static FieldType UnsignedBigInt { get; } = BigInt with { Flags = FieldFlags.Binary | FieldFlags.Unsigned };

    /// <summary>DOUBLE.</summary>
    public static FieldType Double { get; } = new()
    {
        Type = MySqlType.Double, Length = 22, Decimals = DecimalsNotFixed, Flags = FieldFlags.Binary,
    };

    /// <summary>The type of the literal NULL.</summary>
    public static FieldType Null { get; } = new() { Type = MySqlType.Null, Length = 0, Decimals = 0 };

    /// <summary>DECIMAL(<paramref name="precision"/>, <paramref name="scale"/>).</summary>
    public static FieldType Decimal(int precision, int scale) => new()
    {
        Type = MySqlType.Decimal, Length = precision, Decimals = scale, Flags = FieldFlags.Binary,
    };

    /// <summary>VARCHAR(<paramref name="length"/>) with the collation given, utf8mb4_0900_ai_ci by default.</summary>
    public static FieldType VarChar(int length = Unspecified, ushort collationId = Collation.DefaultId) => new()
    {
        Type = MySqlType.VarString, Length = length, CollationId = collationId,
    };

    /// <summary>VARBINARY(<paramref name="length"/>).</summary>
    public static FieldType VarBinary(int length = Unspecified) => new()
    {
        Type = MySqlType.VarString, Length = length, Flags = FieldFlags.Binary,
    };

    /// <summary>DATE, DATETIME, TIMESTAMP or TIME with <paramref name="fractionDigits"/> digits of a second.</summary>
    public static FieldType Temporal(MySqlType type, int fractionDigits = 0) => new()
    {
        Type = type, Decimals = fractionDigits, Flags = FieldFlags.Binary,
    };
}
