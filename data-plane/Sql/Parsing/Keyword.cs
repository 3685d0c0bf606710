using System.Text;

namespace Cloud.Sql.Parsing;

/// <summary>
/// The words of the grammar; <c>AutoIncrement</c> stands for <c>AUTO_INCREMENT</c>. Those before <see cref="LastReserved"/> cannot name
/// anything without backquotes.
/// Source: MySQL 8.0 Reference Manual §9.3 "Keywords and Reserved Words", as far as the grammar here uses them.
/// </summary>
internal enum Keyword : ushort
{
    None,
    Accessible, Add, All, Alter, Analyze, And, As, Asc, Before, Between, Bigint, Binary, Blob, Both, By, Call,
    Cascade, Case, Change, Char, Character, Check, Collate, Column, Condition, Constraint, Continue, Convert, Create,
    Cross, CurrentDate, CurrentTime, CurrentTimestamp, CurrentUser, Cursor, Database, Databases, DayHour,
    DayMicrosecond, DayMinute, DaySecond, Dec, Decimal, Declare, Default, Delayed, Delete, Desc, Describe, Distinct,
    Distinctrow, Div, Double, Drop, Dual, Else, Elseif, Enclosed, Escaped, Exists, Exit, Explain, False, Fetch, Float,
    For, Force, Foreign, From, Fulltext, Generated, Grant, Group, Having, HighPriority, HourMicrosecond, HourMinute,
    HourSecond, If, Ignore, In, Index, Infile, Inner, Inout, Insensitive, Insert, Int, Integer, Interval, Into, Is,
    Iterate, Join, Key, Keys, Kill, Leading, Leave, Left, Like, Limit, Lines, Load, Localtime, Localtimestamp, Lock,
    Long, Longblob, Longtext, Loop, LowPriority, Match, Maxvalue, Mediumblob, Mediumint, Mediumtext,
    MinuteMicrosecond, MinuteSecond, Mod, Natural, NoWriteToBinlog, Not, Null, Numeric, On, Optimize, Option,
    Optionally, Or, Order, Out, Outer, Outfile, Over, Partition, Precision, Primary, Procedure, Purge, Range, Rank,
    Read, Real, Recursive, References, Regexp, Release, Rename, Repeat, Replace, Require, Restrict, Return, Revoke,
    Right, Rlike, Row, Rows, Schema, Schemas, SecondMicrosecond, Select, Separator, Set, Show, Smallint, Spatial, Sql,
    SqlBigResult, SqlCalcFoundRows, SqlSmallResult, Ssl, Starting, Stored, StraightJoin, Table, Terminated, Then,
    Tinyblob, Tinyint, Tinytext, To, Trailing, Trigger, True, Undo, Union, Unique, Unlock, Unsigned, Update, Usage,
    Use, Using, UtcDate, UtcTime, UtcTimestamp, Values, Varbinary, Varchar, Varying, Virtual, When, Where, While,
    Window, With, Write, Xor, YearMonth, Zerofill,

    /// <summary>No word; ends the reserved ones.</summary>
    LastReserved,
    Action, After, Against, Algorithm, Always, Any, Ascii, At, AutoIncrement, Autocommit, AvgRowLength, Begin,
    Bindings, Bit, Bool, Boolean, Btree, Cast, Chain, Charset, Checksum, Close, Coalesce, Code, Collation, Columns,
    Comment, Commit, Committed, Compact, Compression, Concurrent, Connection, Consistent, Count, Cursors, Data, Date,
    Datetime, Day, Deallocate, Definer, DelayKeyWrite, Directory, Disable, Discard, Disk, Do, Dumpfile, Duplicate,
    Dynamic, Enable, Encryption, End, Engine, Engines, Enum, Errors, Escape, Event, Events, Execute, Expansion,
    Export, Extended, Extract, Fast, Fields, First, Fixed, Flush, Following, Format, Full, Function, Geometry,
    Geometrycollection, Global, Grants, GroupConcat, Handler, Hash, Hostname, Hosts, Hour, Identified, Import,
    Indexes, Inplace, InsertMethod, Instant, Invisible, Invoker, Isolation, Json, KeyBlockSize, Language, Last, Level,
    List, Local, Locked, Locks, Logs, Master, Max, MaxRows, Medium, Memory, Merge, Microsecond, Min, MinRows, Minute,
    Mode, Modify, Month, Names, National, Nchar, Next, No, Nowait, Nvarchar, Offset, Only, Open, PackKeys,
    Parser, Partial, Partitions, Password, Plugin, Plugins, Position, Prepare, Preserve, Prev, Privileges, Process,
    Processlist, Quarter, Query, Quick, Redundant, Repair, Repeatable, Replica, Reset, Restore, Rollback, Rollup,
    Routine, RowCount, RowFormat, Savepoint, Second, Security, Serial, Serializable, Session, Share, Signed, Skip,
    Slave, Snapshot, Some, Soname, Sounds, Spatialindex, Start, Starts, StatsAutoRecalc, StatsPersistent,
    StatsSamplePages, Status, Stddev, Stop, Storage, String, Subject, Substr, Substring, Sum, Sysdate, Tables,
    Tablespace, Temporary, Temptable, Text, Time, Timestamp, Timestampadd, Timestampdiff, Traditional, Transaction,
    Tree, Triggers, Trim, Truncate, Type, Uncommitted, Undefined, Unicode, Unknown, User, Validation, Value,
    Variables, Variance, View, Visible, Warnings, Week, Weight, Without, Work, X509, Xa, Year,
}

/// <summary>Finds the keyword of a word without allocating.</summary>
internal static class Keywords
{
    private const int LongestBytes = 24;

    private static readonly Dictionary<string, Keyword>.AlternateLookup<ReadOnlySpan<char>> Words = Build();

    public static Keyword Find(ReadOnlySpan<byte> word)
    {
        if (word.Length > LongestBytes)
        {
            return Keyword.None;
        }

        Span<char> upper = stackalloc char[LongestBytes];
        for (var i = 0; i < word.Length; i++)
        {
            var c = word[i];
            if (c >= 0x80)
            {
                return Keyword.None;
            }

            upper[i] = (char)(c is >= (byte)'a' and <= (byte)'z' ? c - 32 : c);
        }

        return Words.TryGetValue(upper[..word.Length], out var keyword) ? keyword : Keyword.None;
    }

    public static bool IsReserved(Keyword keyword) => keyword is not Keyword.None and < Keyword.LastReserved;

    /// <summary>The word as SQL writes it, for example <c>AUTO_INCREMENT</c>.</summary>
    public static string TextOf(Keyword keyword)
    {
        var text = new StringBuilder();
        foreach (var c in keyword.ToString())
        {
            if (char.IsUpper(c) && text.Length > 0)
            {
                text.Append('_');
            }

            text.Append(char.ToUpperInvariant(c));
        }

        return text.ToString();
    }

    private static Dictionary<string, Keyword>.AlternateLookup<ReadOnlySpan<char>> Build()
    {
        var words = new Dictionary<string, Keyword>(StringComparer.Ordinal);
        foreach (var keyword in Enum.GetValues<Keyword>())
        {
            if (keyword is not (Keyword.None or Keyword.LastReserved))
            {
                words.Add(TextOf(keyword), keyword);
            }
        }

        return words.GetAlternateLookup<ReadOnlySpan<char>>();
    }
}
