namespace Cloud.Sql;

/// <summary>Limits of the SQL layer. MySQL's own where it has one, otherwise chosen here.</summary>
public static class SqlLimits
{
    /// <summary>Longest name of a database, table, column, index or alias, in characters (MySQL: 64, aliases 256).</summary>
    public const int NameCharactersMax = 256;

    public const int IdentifierCharactersMax = 64;

    /// <summary>Longest text of statements in one request; MySQL's default max_allowed_packet.</summary>
    public const int StatementBytesMax = 64 << 20;

    /// <summary>Columns of a table (InnoDB: 1017).</summary>
    public const int ColumnsPerTableMax = 1017;

    /// <summary>Indexes of a table (MySQL: 64).</summary>
    public const int IndexesPerTableMax = 64;

    /// <summary>Columns of an index (MySQL: 16).</summary>
    public const int ColumnsPerIndexMax = 16;

    /// <summary>Longest key of an index, in bytes (InnoDB: 3072).</summary>
    public const int IndexKeyBytesMax = 3072;

    /// <summary>Tables in one join (MySQL: 61).</summary>
    public const int TablesPerJoinMax = 61;

    /// <summary>Prepared statements of one session (MySQL's max_prepared_stmt_count is 16382 for the server).</summary>
    public const int PreparedStatementsMax = 1024;

    /// <summary>Question marks of one statement, a 16-bit number in the protocol.</summary>
    public const int ParametersMax = 65535;

    /// <summary>User variables of one session.</summary>
    public const int UserVariablesMax = 4096;

    /// <summary>Memory that one statement may hold for sorting, hashing and buffered rows.</summary>
    public const long StatementMemoryBytesMax = 512L << 20;

    /// <summary>Longest value of one column in a result and longest row written (MySQL's max_allowed_packet).</summary>
    public const int ValueBytesMax = 64 << 20;
}
