using Cloud.Execution.Types;
using Cloud.Kernel;

namespace Cloud.Execution.Expressions;

/// <summary>The parts of sql_mode that change how values are computed and stored.</summary>
[Flags]
public enum SqlModes
{
    None = 0,
    StrictTransTables = 1,
    ErrorForDivisionByZero = 2,
    NoZeroDate = 4,
    NoZeroInDate = 8,
    AllowInvalidDates = 16,
    OnlyFullGroupBy = 32,
    NoAutoValueOnZero = 64,
    NoUnsignedSubtraction = 128,
    PadCharToFullLength = 256,
    NoEngineSubstitution = 512,
    StrictAllTables = 1024,

    /// <summary>MySQL 8.0's default.</summary>
    Default = OnlyFullGroupBy | StrictTransTables | NoZeroInDate | NoZeroDate | ErrorForDivisionByZero | NoEngineSubstitution,
}

public enum WarningLevel
{
    Note,
    Warning,
    Error,
}

public sealed record SqlWarning(WarningLevel Level, int Code, string Message);

/// <summary>What a statement knows of its session while it computes. One per session, refilled for each statement. Not thread-safe.</summary>
public sealed class EvaluationContext(TimeProvider clock)
{
    /// <summary>MySQL's max_error_count.</summary>
    public const int WarningsMax = 1024;

    private readonly List<SqlWarning> _warnings = [];
    private long _memoryBytes;

    public TimeProvider Clock { get; } = clock;

    public SqlModes Modes { get; set; } = SqlModes.Default;

    public TimeZoneInfo TimeZone { get; set; } = TimeZoneInfo.Utc;

    /// <summary>When the statement began, in microseconds of Unix time: what NOW() gives throughout it.</summary>
    public long NowUnixMicroseconds { get; set; }

    public string? Database { get; set; }

    public string User { get; set; } = string.Empty;

    public uint ConnectionId { get; set; }

    public string ServerVersion { get; set; } = string.Empty;

    /// <summary>Of the statements before.</summary>
    public ulong LastInsertId { get; set; }

    /// <summary>Set by LAST_INSERT_ID(expr) and AUTO_INCREMENT of this statement; null when neither happened.</summary>
    public ulong? NewLastInsertId { get; set; }

    public ulong FoundRows { get; set; }

    public long RowCount { get; set; }

    public ushort ConnectionCollationId { get; set; } = Collation.DefaultId;

    public int GroupConcatBytesMax { get; set; } = 1024;

    /// <summary>For RAND() without a seed; not for secrets.</summary>
    public SeededRandom Random { get; set; } = new(0);

    /// <summary>Values of a prepared statement's question marks.</summary>
    public ReadOnlyMemory<Datum> Parameters { get; set; }

    /// <summary>User variables by lower-case name with their types.</summary>
    public Dictionary<string, (Datum Value, FieldType Type)> Variables { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether bad values are errors, not warnings: in a statement that writes, under strict sql_mode and without IGNORE.</summary>
    public bool StrictWrites { get; set; }

    public IReadOnlyList<SqlWarning> Warnings => _warnings;

    /// <summary>Warnings raised, kept or not.</summary>
    public int WarningCount { get; private set; }

    /// <summary>Ends the statement when cancelled; looked at between chunks.</summary>
    public CancellationToken Cancellation { get; set; }

    public long MemoryBytesMax { get; set; } = long.MaxValue;

    public bool IsStrict => Has(SqlModes.StrictTransTables) || Has(SqlModes.StrictAllTables);

    public DateRules DateRules =>
        (Has(SqlModes.NoZeroDate) && IsStrict ? DateRules.Strict : DateRules.AllowZeroDate)
        | (Has(SqlModes.NoZeroInDate) && IsStrict ? DateRules.Strict : DateRules.AllowZeroInDate)
        | (Has(SqlModes.AllowInvalidDates) ? DateRules.AllowInvalidDay : DateRules.Strict);

    /// <summary>NOW(6) in the session's time zone.</summary>
    public PackedTime Now => PackedTime.FromUnixMicroseconds(NowUnixMicroseconds, TimeZone);

    public PackedTime UtcNow => PackedTime.FromUnixMicroseconds(NowUnixMicroseconds, TimeZoneInfo.Utc);

    public bool Has(SqlModes mode) => (Modes & mode) == mode;

    /// <summary>Takes the time and forgets the warnings of the statement before.</summary>
    public void BeginStatement(bool keepWarnings)
    {
        NowUnixMicroseconds = (Clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        NewLastInsertId = null;
        StrictWrites = false;
        _memoryBytes = 0;
        if (!keepWarnings)
        {
            ClearWarnings();
        }
    }

    public void ClearWarnings()
    {
        _warnings.Clear();
        WarningCount = 0;
    }

    public void Warn(WarningLevel level, int code, string message)
    {
        WarningCount++;
        if (_warnings.Count < WarningsMax)
        {
            _warnings.Add(new SqlWarning(level, code, message));
        }
    }

    /// <summary>A value that does not fit: an error where writes are strict, else a warning.</summary>
    public void Fault(int code, string sqlState, string message)
    {
        if (StrictWrites)
        {
            throw new SqlException(code, sqlState, message);
        }

        Warn(WarningLevel.Warning, code, message);
    }

    /// <summary>Warning or error 1365.</summary>
    public void DivisionByZero()
    {
        if (Has(SqlModes.ErrorForDivisionByZero))
        {
            Fault(1365, "22012", "Division by 0");
        }
    }

    /// <summary>Warning or error 1292, for example <c>Truncated incorrect DOUBLE value: '1x'</c>.</summary>
    public void TruncatedIncorrect(string type, ReadOnlySpan<byte> value) =>
        Fault(1292, "22007", $"Truncated incorrect {type} value: '{System.Text.Encoding.UTF8.GetString(value)}'");

    /// <summary>Accounts for memory that the statement holds; negative gives back.</summary>
    /// <exception cref="SqlException">8175: more than <see cref="MemoryBytesMax"/>.</exception>
    public void Hold(long bytes)
    {
        _memoryBytes += bytes;
        if (_memoryBytes > MemoryBytesMax)
        {
            throw new SqlException(
                8175,
                "HY000",
                $"The statement needs more than {MemoryBytesMax} bytes of memory; select fewer rows or columns, or add an index that avoids sorting.");
        }
    }
}
