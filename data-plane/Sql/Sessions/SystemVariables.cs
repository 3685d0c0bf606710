using System.Collections.Frozen;

namespace Cloud.Sql.Sessions;

internal enum VariableKind
{
    Text,
    Number,

    /// <summary>ON or OFF in SHOW, 1 or 0 in SELECT.</summary>
    Switch,
}

/// <param name="ReadOnly">SET is error 1238.</param>
internal sealed record SystemVariable(string Name, VariableKind Kind, string Default, bool ReadOnly = false);

/// <summary>
/// The system variables that clients, drivers and dumps ask for or set. Those without an effect here are kept and shown, which is what
/// their clients need; those whose effect is promised are read where it happens (see <see cref="SessionVariables"/>).
/// Source: MySQL 8.0 Reference Manual §5.1.8 "Server System Variables"; defaults of 8.0.36 where not chosen here.
/// </summary>
internal static class SystemVariables
{
    public const string DefaultSqlMode =
        "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

    public static FrozenDictionary<string, SystemVariable> All { get; } = Build().ToFrozenDictionary(variable => variable.Name, StringComparer.Ordinal);

    private static IEnumerable<SystemVariable> Build() =>
        Switches().Concat(Numbers()).Concat(Texts()).Concat(Fixed());

    private static IEnumerable<SystemVariable> Switches()
    {
        foreach (var name in (string[])["autocommit", "foreign_key_checks", "unique_checks", "sql_notes", "sql_quote_show_create", "sql_warnings"])
        {
            yield return new SystemVariable(name, VariableKind.Switch, name == "sql_warnings" ? "OFF" : "ON");
        }

        foreach (var name in (string[])["sql_auto_is_null", "sql_safe_updates", "sql_big_selects", "sql_log_bin", "sql_log_off", "big_tables", "transaction_read_only", "tx_read_only", "low_priority_updates", "session_track_schema", "session_track_state_change", "show_old_temporals", "explicit_defaults_for_timestamp", "innodb_strict_mode", "innodb_table_locks", "innodb_stats_on_metadata", "keep_files_on_create", "new", "old_alter_table", "profiling", "require_secure_transport", "log_bin_trust_function_creators", "local_infile"])
        {
            var on = name is "sql_big_selects" or "session_track_schema" or "explicit_defaults_for_timestamp" or "innodb_strict_mode" or "innodb_table_locks";
            yield return new SystemVariable(name, VariableKind.Switch, on ? "ON" : "OFF");
        }
    }

    private static IEnumerable<SystemVariable> Numbers() => new (string Name, string Value)[]
    {
        ("auto_increment_increment", "1"), ("auto_increment_offset", "1"), ("connect_timeout", "10"), ("group_concat_max_len", "1024"),
        ("innodb_lock_wait_timeout", "50"), ("interactive_timeout", "28800"), ("wait_timeout", "28800"), ("lock_wait_timeout", "31536000"),
        ("net_buffer_length", "16384"), ("net_read_timeout", "30"), ("net_write_timeout", "60"), ("net_retry_count", "10"), ("max_execution_time", "0"),
        ("max_join_size", "18446744073709551615"), ("sql_select_limit", "18446744073709551615"), ("max_sort_length", "1024"),
        ("div_precision_increment", "4"), ("default_week_format", "0"), ("query_cache_size", "0"), ("sort_buffer_size", "262144"),
        ("join_buffer_size", "262144"), ("read_buffer_size", "131072"), ("read_rnd_buffer_size", "262144"), ("tmp_table_size", "16777216"),
        ("max_heap_table_size", "16777216"), ("information_schema_stats_expiry", "86400"), ("long_query_time", "10"), ("profiling_history_size", "15"),
        ("optimizer_prune_level", "1"), ("optimizer_search_depth", "62"), ("timestamp", "0"), ("rand_seed1", "0"), ("rand_seed2", "0"),
        ("cte_max_recursion_depth", "1000"), ("max_error_count", "1024"), ("eq_range_index_dive_limit", "200"), ("insert_id", "0"),
    }.Select(pair => new SystemVariable(pair.Name, VariableKind.Number, pair.Value));

    private static IEnumerable<SystemVariable> Texts() => new (string Name, string Value)[]
    {
        ("character_set_client", "utf8mb4"), ("character_set_connection", "utf8mb4"), ("character_set_results", "utf8mb4"),
        ("character_set_database", "utf8mb4"), ("character_set_server", "utf8mb4"), ("collation_connection", "utf8mb4_0900_ai_ci"),
        ("collation_database", "utf8mb4_0900_ai_ci"), ("collation_server", "utf8mb4_0900_ai_ci"), ("default_collation_for_utf8mb4", "utf8mb4_0900_ai_ci"),
        ("sql_mode", DefaultSqlMode), ("time_zone", "SYSTEM"), ("transaction_isolation", "REPEATABLE-READ"), ("tx_isolation", "REPEATABLE-READ"),
        ("default_storage_engine", "InnoDB"), ("default_tmp_storage_engine", "InnoDB"), ("storage_engine", "InnoDB"), ("lc_messages", "en_US"),
        ("lc_time_names", "en_US"), ("optimizer_switch", string.Empty), ("session_track_system_variables", "time_zone,autocommit,character_set_client"),
        ("session_track_gtids", "OFF"), ("completion_type", "NO_CHAIN"), ("binlog_format", "ROW"), ("gtid_next", "AUTOMATIC"), ("init_connect", string.Empty),
        ("query_cache_type", "OFF"), ("updatable_views_with_limit", "YES"), ("block_encryption_mode", "aes-128-ecb"), ("use_secondary_engine", "ON"),
    }.Select(pair => new SystemVariable(pair.Name, VariableKind.Text, pair.Value));

    private static IEnumerable<SystemVariable> Fixed() => new SystemVariable[]
    {
        new("version", VariableKind.Text, SqlEngine.ServerVersion, ReadOnly: true),
        new("version_comment", VariableKind.Text, "Cloud distributed SQL", ReadOnly: true),
        new("version_compile_os", VariableKind.Text, "Linux", ReadOnly: true),
        new("version_compile_machine", VariableKind.Text, "x86_64", ReadOnly: true),
        new("protocol_version", VariableKind.Number, "10", ReadOnly: true),
        new("lower_case_table_names", VariableKind.Number, "2", ReadOnly: true),
        new("lower_case_file_system", VariableKind.Switch, "ON", ReadOnly: true),
        new("max_allowed_packet", VariableKind.Number, SqlLimits.ValueBytesMax.ToString(), ReadOnly: true),
        new("character_set_system", VariableKind.Text, "utf8mb3", ReadOnly: true),
        new("character_set_filesystem", VariableKind.Text, "binary", ReadOnly: true),
        new("system_time_zone", VariableKind.Text, "UTC", ReadOnly: true),
        new("license", VariableKind.Text, "Apache-2.0", ReadOnly: true),
        new("hostname", VariableKind.Text, "localhost", ReadOnly: true),
        new("port", VariableKind.Number, "3306", ReadOnly: true),
        new("socket", VariableKind.Text, string.Empty, ReadOnly: true),
        new("datadir", VariableKind.Text, "/", ReadOnly: true),
        new("basedir", VariableKind.Text, "/", ReadOnly: true),
        new("have_ssl", VariableKind.Text, "YES", ReadOnly: true),
        new("have_openssl", VariableKind.Text, "YES", ReadOnly: true),
        new("have_profiling", VariableKind.Text, "NO", ReadOnly: true),
        new("have_query_cache", VariableKind.Text, "NO", ReadOnly: true),
        new("innodb_version", VariableKind.Text, "8.0.36", ReadOnly: true),
        new("innodb_file_per_table", VariableKind.Switch, "ON", ReadOnly: true),
        new("innodb_page_size", VariableKind.Number, "16384", ReadOnly: true),
        new("innodb_default_row_format", VariableKind.Text, "dynamic", ReadOnly: true),
        new("log_bin", VariableKind.Switch, "OFF", ReadOnly: true),
        new("gtid_mode", VariableKind.Text, "OFF", ReadOnly: true),
        new("gtid_purged", VariableKind.Text, string.Empty, ReadOnly: true),
        new("gtid_executed", VariableKind.Text, string.Empty, ReadOnly: true),
        new("read_only", VariableKind.Switch, "OFF", ReadOnly: true),
        new("super_read_only", VariableKind.Switch, "OFF", ReadOnly: true),
        new("server_id", VariableKind.Number, "1", ReadOnly: true),
        new("server_uuid", VariableKind.Text, "00000000-0000-0000-0000-000000000000", ReadOnly: true),
        new("max_connections", VariableKind.Number, "4096", ReadOnly: true),
        new("max_prepared_stmt_count", VariableKind.Number, SqlLimits.PreparedStatementsMax.ToString(), ReadOnly: true),
        new("event_scheduler", VariableKind.Text, "DISABLED", ReadOnly: true),
        new("performance_schema", VariableKind.Switch, "OFF", ReadOnly: true),
        new("secure_file_priv", VariableKind.Text, string.Empty, ReadOnly: true),
        new("default_authentication_plugin", VariableKind.Text, "caching_sha2_password", ReadOnly: true),
        new("tls_version", VariableKind.Text, "TLSv1.2,TLSv1.3", ReadOnly: true),
        new("ft_min_word_len", VariableKind.Number, "4", ReadOnly: true),
        new("innodb_autoinc_lock_mode", VariableKind.Number, "2", ReadOnly: true),
        new("thread_handling", VariableKind.Text, "one-thread-per-connection", ReadOnly: true),
        new("skip_name_resolve", VariableKind.Switch, "ON", ReadOnly: true),
        new("warning_count", VariableKind.Number, "0", ReadOnly: true),
        new("error_count", VariableKind.Number, "0", ReadOnly: true),
        new("pseudo_thread_id", VariableKind.Number, "0", ReadOnly: true),
        new("last_insert_id", VariableKind.Number, "0"),
        new("identity", VariableKind.Number, "0"),
    };
}
