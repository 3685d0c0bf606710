using Cloud.Execution.Expressions.Functions;
using Cloud.Execution.Types;
using Cloud.Sql.Ast;
using Cloud.Sql.Catalog;

namespace Cloud.Sql.Sessions;

/// <summary>The system variables of one session. Setting one whose effect is promised changes the session's evaluation context.</summary>
internal sealed class SessionVariables(EvaluationContext context)
{
    private static readonly string[] Isolations = ["READ-UNCOMMITTED", "READ-COMMITTED", "REPEATABLE-READ", "SERIALIZABLE"];

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    public bool Autocommit { get; private set; } = true;

    public bool ReadOnlyTransactions { get; private set; }

    /// <summary>READ-COMMITTED reads current data in each statement; the stronger levels read the transaction's snapshot.</summary>
    public bool ReadCommitted { get; private set; }

    public bool ForeignKeyChecks { get; private set; } = true;

    public TimeSpan LockWait { get; private set; } = TimeSpan.FromSeconds(50);

    /// <summary>Longest time of a SELECT; zero for none.</summary>
    public TimeSpan MaxExecutionTime { get; private set; }

    /// <exception cref="SqlException">1193.</exception>
    public string Get(string name)
    {
        var variable = Require(name);
        return name switch
        {
            "last_insert_id" or "identity" => context.LastInsertId.ToString(),
            "timestamp" => (context.NowUnixMicroseconds / 1e6).ToString("F6"),
            "warning_count" => context.WarningCount.ToString(),
            "error_count" => context.Warnings.Count(warning => warning.Level == WarningLevel.Error).ToString(),
            "pseudo_thread_id" => context.ConnectionId.ToString(),
            _ => _values.GetValueOrDefault(variable.Name, variable.Default),
        };
    }

    public Literal Read(VariableReference reference)
    {
        var variable = Require(reference.Name);
        var value = reference.Scope == VariableScope.Global ? variable.Default : Get(reference.Name);
        return variable.Kind switch
        {
            VariableKind.Switch => Literal.Integer(value is "ON" or "1" ? 1 : 0),
            VariableKind.Number => new Literal(value.Contains('.') ? LiteralKind.Decimal : LiteralKind.Integer, value, []),
            _ => new Literal(LiteralKind.String, string.Empty, System.Text.Encoding.UTF8.GetBytes(value)),
        };
    }

    /// <summary>Name and value of every variable, in order of name.</summary>
    public IEnumerable<(string Name, string Value)> List(bool global) => SystemVariables.All.Values
        .OrderBy(variable => variable.Name, StringComparer.Ordinal)
        .Select(variable => (variable.Name, global ? variable.Default : Get(variable.Name)));

    /// <param name="value">Null sets the default.</param>
    /// <exception cref="SqlException">1193, 1231, 1232, 1238.</exception>
    public void Set(VariableScope scope, string name, string? value)
    {
        var variable = Require(name);
        if (variable.ReadOnly)
        {
            throw Errors.ReadOnlyVariable(name);
        }

        if (scope == VariableScope.Global)
        {
            throw Errors.NotSupported($"SET GLOBAL {name}: settings of the cluster are made through the cloud's API");
        }

        var text = Checked(variable, value ?? variable.Default);
        Apply(name, text);
        _values[name] = text;
    }

    public void SetNames(string? charset, string? collationName)
    {
        var collation = charset is null ? Collation.Get(Collation.DefaultId) : Charsets.Resolve(charset, collationName);
        SetCollation(collation);
    }

    public void SetCollation(Collation collation)
    {
        foreach (var name in (string[])["character_set_client", "character_set_connection", "character_set_results"])
        {
            _values[name] = collation.Charset;
        }

        _values["collation_connection"] = collation.Name;
        context.ConnectionCollationId = collation.Id;
    }

    public void SetDatabaseCollation(Collation collation)
    {
        _values["character_set_database"] = collation.Charset;
        _values["collation_database"] = collation.Name;
    }

    public void SetIsolation(string level) => Set(VariableScope.Session, "transaction_isolation", level);

    private static SystemVariable Require(string name) =>
        SystemVariables.All.TryGetValue(name, out var variable) ? variable : throw Errors.UnknownSystemVariable(name);

    private static string Checked(SystemVariable variable, string value)
    {
        switch (variable.Kind)
        {
            case VariableKind.Switch:
                return value.ToUpperInvariant() switch
                {
                    "ON" or "1" or "TRUE" => "ON",
                    "OFF" or "0" or "FALSE" => "OFF",
                    _ => throw Errors.WrongVariableValue(variable.Name, value),
                };
            case VariableKind.Number:
                return decimal.TryParse(value, out _) ? value : throw Errors.WrongVariableType(variable.Name);
            default:
                return value;
        }
    }

    private void Apply(string name, string value)
    {
        switch (name)
        {
            case "autocommit":
                Autocommit = value == "ON";
                break;
            case "foreign_key_checks":
                ForeignKeyChecks = value == "ON";
                break;
            case "transaction_read_only" or "tx_read_only":
                ReadOnlyTransactions = value == "ON";
                break;
            case "transaction_isolation" or "tx_isolation":
                var level = value.ToUpperInvariant().Replace(' ', '-');
                ReadCommitted = Isolations.Contains(level) ? level is "READ-COMMITTED" or "READ-UNCOMMITTED" : throw Errors.WrongVariableValue(name, value);
                break;
            case "sql_mode":
                context.Modes = SqlModeText.Parse(value);
                break;
            case "time_zone":
                context.TimeZone = TimeZones.Find(value, TimeZoneInfo.Utc)
                    ?? throw new SqlException(1298, "HY000", $"Unknown or incorrect time zone: '{value}'");
                break;
            case "innodb_lock_wait_timeout":
                LockWait = TimeSpan.FromSeconds(Math.Clamp((double)decimal.Parse(value), 1, 3600));
                break;
            case "max_execution_time":
                MaxExecutionTime = TimeSpan.FromMilliseconds(Math.Clamp((double)decimal.Parse(value), 0, int.MaxValue));
                break;
            case "group_concat_max_len":
                context.GroupConcatBytesMax = (int)Math.Clamp(decimal.Parse(value), 4, SqlLimits.ValueBytesMax);
                break;
            case "last_insert_id" or "identity":
                context.LastInsertId = ulong.Parse(value);
                break;
            case "character_set_client" or "character_set_connection" or "character_set_results" when value.Length > 0 && !value.Equals("NULL", StringComparison.OrdinalIgnoreCase):
                Charsets.Resolve(value, null);
                break;
            case "collation_connection":
                context.ConnectionCollationId = Charsets.RequireCollation(value).Id;
                break;
        }
    }
}

/// <summary>sql_mode as text.</summary>
internal static class SqlModeText
{
    private static readonly Dictionary<string, SqlModes> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["STRICT_TRANS_TABLES"] = SqlModes.StrictTransTables,
        ["STRICT_ALL_TABLES"] = SqlModes.StrictAllTables,
        ["ERROR_FOR_DIVISION_BY_ZERO"] = SqlModes.ErrorForDivisionByZero,
        ["NO_ZERO_DATE"] = SqlModes.NoZeroDate,
        ["NO_ZERO_IN_DATE"] = SqlModes.NoZeroInDate,
        ["ALLOW_INVALID_DATES"] = SqlModes.AllowInvalidDates,
        ["ONLY_FULL_GROUP_BY"] = SqlModes.OnlyFullGroupBy,
        ["NO_AUTO_VALUE_ON_ZERO"] = SqlModes.NoAutoValueOnZero,
        ["NO_UNSIGNED_SUBTRACTION"] = SqlModes.NoUnsignedSubtraction,
        ["NO_ENGINE_SUBSTITUTION"] = SqlModes.NoEngineSubstitution,
        ["TRADITIONAL"] = SqlModes.StrictTransTables | SqlModes.StrictAllTables | SqlModes.NoZeroInDate | SqlModes.NoZeroDate
            | SqlModes.ErrorForDivisionByZero | SqlModes.NoEngineSubstitution,

        // Modes of other servers, which dumps name and which change nothing here.
        ["NO_AUTO_CREATE_USER"] = SqlModes.None,
        ["HIGH_NOT_PRECEDENCE"] = SqlModes.None,
        ["NO_DIR_IN_CREATE"] = SqlModes.None,
        ["TIME_TRUNCATE_FRACTIONAL"] = SqlModes.None,
    };

    /// <exception cref="SqlException">1231 for modes that do not exist, 1235 for those that change the grammar.</exception>
    public static SqlModes Parse(string text)
    {
        var modes = SqlModes.None;
        foreach (var name in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (Names.TryGetValue(name, out var mode))
            {
                modes |= mode;
            }
            else
            {
                throw name.ToUpperInvariant() is "ANSI_QUOTES" or "ANSI" or "PIPES_AS_CONCAT" or "NO_BACKSLASH_ESCAPES" or "IGNORE_SPACE" or "REAL_AS_FLOAT" or "PAD_CHAR_TO_FULL_LENGTH"
                    ? Errors.NotSupported($"sql_mode {name}")
                    : Errors.WrongVariableValue("sql_mode", name);
            }
        }

        return modes;
    }
}
