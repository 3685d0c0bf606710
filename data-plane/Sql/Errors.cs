namespace Cloud.Sql;

/// <summary>
/// MySQL's errors with their numbers, states and texts, as clients and ORMs match on them.
/// Source: MySQL 8.0 Error Reference, "Server Error Message Reference".
/// </summary>
internal static class Errors
{
    public static SqlException Syntax(string near, int line) => new(
        1064,
        "42000",
        "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax to "
        + $"use near '{near}' at line {line}");

    public static SqlException NotSupported(string feature) =>
        new(1235, "42000", $"This version of MySQL doesn't yet support '{feature}'");

    public static SqlException NameTooLong(string name) => new(1059, "42000", $"Identifier name '{name}' is too long");

    public static SqlException TooDeep() =>
        new(1436, "HY000", "Thread stack overrun: the statement nests too deeply; write it with fewer nested parentheses or subqueries.");

    public static SqlException PacketTooLarge() => new(1153, "08S01", "Got a packet bigger than 'max_allowed_packet' bytes");

    public static SqlException ResultTooLarge(string function) =>
        new(1301, "HY000", $"Result of {function}() was larger than max_allowed_packet ({SqlLimits.ValueBytesMax}) - truncated");

    public static SqlException EmptyQuery() => new(1065, "42000", "Query was empty");

    public static SqlException TooManyParameters() => new(1390, "HY000", "Prepared statement contains too many placeholders");

    public static SqlException TooManyTables(int limit) => new(1116, "HY000", $"Too many tables; MySQL can only use {limit} tables in a join");

    public static SqlException DerivedTableWithoutAlias() => new(1248, "42000", "Every derived table must have its own alias");

    public static SqlException UnknownCharset(string name) => new(1115, "42000", $"Unknown character set: '{name}'");

    public static SqlException UnknownCollation(string name) => new(1273, "HY000", $"Unknown collation: '{name}'");

    public static SqlException CollationMismatch(string collation, string charset) =>
        new(1253, "42000", $"COLLATION '{collation}' is not valid for CHARACTER SET '{charset}'");

    public static SqlException DatabaseExists(string name) => new(1007, "HY000", $"Can't create database '{name}'; database exists");

    public static SqlException NoDatabaseToDrop(string name) =>
        new(1008, "HY000", $"Can't drop database '{name}'; database doesn't exist");

    public static SqlException AccessDeniedToDatabase(string user, string schema) =>
        new(1044, "42000", $"Access denied for user '{user}'@'%' to database '{schema}'");

    public static SqlException NoDatabaseSelected() => new(1046, "3D000", "No database selected");

    public static SqlException NotNull(string column) => new(1048, "23000", $"Column '{column}' cannot be null");

    public static SqlException UnknownDatabase(string name) => new(1049, "42000", $"Unknown database '{name}'");

    public static SqlException TableExists(string name) => new(1050, "42S01", $"Table '{name}' already exists");

    public static SqlException UnknownTable(string names) => new(1051, "42S02", $"Unknown table '{names}'");

    public static SqlException AmbiguousColumn(string column, string clause) =>
        new(1052, "23000", $"Column '{column}' in {clause} is ambiguous");

    public static SqlException UnknownColumn(string column, string clause) =>
        new(1054, "42S22", $"Unknown column '{column}' in '{clause}'");

    public static SqlException NotInGroupBy(string column, int position) => new(
        1055,
        "42000",
        $"Expression #{position} of SELECT list is not in GROUP BY clause and contains nonaggregated column '{column}' which is not "
        + "functionally dependent on columns in GROUP BY clause; this is incompatible with sql_mode=only_full_group_by");

    public static SqlException InvalidGroupFunction() => new(1111, "HY000", "Invalid use of group function");

    public static SqlException DuplicateColumn(string column) => new(1060, "42S21", $"Duplicate column name '{column}'");

    public static SqlException DuplicateKeyName(string name) => new(1061, "42000", $"Duplicate key name '{name}'");

    public static SqlException DuplicateEntry(string value, string key) =>
        new(1062, "23000", $"Duplicate entry '{value}' for key '{key}'");

    public static SqlException WrongColumnSpecifier(string column) =>
        new(1063, "42000", $"Incorrect column specifier for column '{column}'");

    public static SqlException NotUniqueTable(string name) => new(1066, "42000", $"Not unique table/alias: '{name}'");

    public static SqlException InvalidDefault(string column) => new(1067, "42000", $"Invalid default value for '{column}'");

    public static SqlException MultiplePrimaryKeys() => new(1068, "42000", "Multiple primary key defined");

    public static SqlException TooManyKeys() =>
        new(1069, "42000", $"Too many keys specified; max {SqlLimits.IndexesPerTableMax} keys allowed");

    public static SqlException TooManyKeyParts() =>
        new(1070, "42000", $"Too many key parts specified; max {SqlLimits.ColumnsPerIndexMax} parts allowed");

    public static SqlException KeyTooLong() =>
        new(1071, "42000", $"Specified key was too long; max key length is {SqlLimits.IndexKeyBytesMax} bytes");

    public static SqlException KeyColumnMissing(string column) =>
        new(1072, "42000", $"Key column '{column}' doesn't exist in table");

    public static SqlException BlobKeyWithoutLength(string column) =>
        new(1170, "42000", $"BLOB/TEXT column '{column}' used in key specification without a key length");

    public static SqlException WrongPrefix() => new(
        1089,
        "HY000",
        "Incorrect prefix key; the used key part isn't a string, the used length is longer than the key part, or the storage engine "
        + "doesn't support unique prefix keys");

    public static SqlException ColumnTooLong(string column, int max) =>
        new(1074, "42000", $"Column length too big for column '{column}' (max = {max}); use BLOB or TEXT instead");

    public static SqlException WrongAutoKey() => new(
        1075, "42000", "Incorrect table definition; there can be only one auto column and it must be defined as a key");

    public static SqlException CannotDropKey(string name) =>
        new(1091, "42000", $"Can't DROP '{name}'; check that column/key exists");

    public static SqlException CannotRemoveAllColumns() =>
        new(1090, "42000", "You can't delete all columns with ALTER TABLE; use DROP TABLE instead");

    public static SqlException UnknownThread(long id) => new(1094, "HY000", $"Unknown thread id: {id}");

    public static SqlException BlobDefault(string column) =>
        new(1101, "42000", $"BLOB, TEXT, GEOMETRY or JSON column '{column}' can't have a default value");

    public static SqlException WrongName(string kind, string name) =>
        new(kind == "column" ? 1166 : kind == "table" ? 1103 : 1102, "42000", $"Incorrect {kind} name '{name}'");

    public static SqlException FieldSpecifiedTwice(string column) => new(1110, "42000", $"Column '{column}' specified twice");

    public static SqlException TableMustHaveColumns() => new(1113, "42000", "A table must have at least 1 column");

    public static SqlException TooManyColumns() => new(1117, "HY000", "Too many columns");

    public static SqlException WrongValueCount(long row) => new(1136, "21S01", $"Column count doesn't match value count at row {row}");

    public static SqlException CommandDenied(string command, string user, string table) =>
        new(1142, "42000", $"{command} command denied to user '{user}'@'%' for table '{table}'");

    public static SqlException TableMissing(string schema, string table) =>
        new(1146, "42S02", $"Table '{schema}.{table}' doesn't exist");

    public static SqlException PrimaryKeyNull() => new(
        1171, "42000", "All parts of a PRIMARY KEY must be NOT NULL; if you need NULL in a key, use UNIQUE instead");

    public static SqlException KeyMissing(string key, string table) =>
        new(1176, "42000", $"Key '{key}' doesn't exist in table '{table}'");

    public static SqlException UnknownSystemVariable(string name) => new(1193, "HY000", $"Unknown system variable '{name}'");

    public static SqlException LockWaitTimeout() => new(1205, "HY000", "Lock wait timeout exceeded; try restarting transaction");

    public static SqlException LockNoWait() =>
        new(3572, "HY000", "Statement aborted because lock(s) could not be acquired immediately and NOWAIT is set.");

    public static SqlException WrongArguments(string where) => new(1210, "HY000", $"Incorrect arguments to {where}");

    public static SqlException Deadlock() => new(1213, "40001", "Deadlock found when trying to get lock; try restarting transaction");

    public static SqlException WrongUsage(string first, string second) =>
        new(1221, "HY000", $"Incorrect usage of {first} and {second}");

    public static SqlException WrongColumnCount() =>
        new(1222, "21000", "The used SELECT statements have a different number of columns");

    public static SqlException ReadOnlyVariable(string name) =>
        new(1238, "HY000", $"Variable '{name}' is a read only variable");

    public static SqlException GlobalVariable(string name) =>
        new(1229, "HY000", $"Variable '{name}' is a GLOBAL variable and should be set with SET GLOBAL");

    public static SqlException WrongVariableValue(string name, string value) =>
        new(1231, "42000", $"Variable '{name}' can't be set to the value of '{value}'");

    public static SqlException WrongVariableType(string name) =>
        new(1232, "42000", $"Incorrect argument type to variable '{name}'");

    public static SqlException OperandColumns(int count) => new(1241, "21000", $"Operand should contain {count} column(s)");

    public static SqlException SubqueryRows() => new(1242, "21000", "Subquery returns more than 1 row");

    public static SqlException UnknownPrepared(string name, string command) =>
        new(1243, "HY000", $"Unknown prepared statement handler ({name}) given to {command}");

    public static SqlException UnknownTableInMultiDelete(string name) => new(1109, "42S02", $"Unknown table '{name}' in MULTI DELETE");

    public static SqlException ReadOnlyUser() => new(
        1290, "HY000", "The MySQL server is running with the --read-only option so it cannot execute this statement");

    public static SqlException IllegalCollations(string first, string second, string operation) => new(
        1267, "HY000", $"Illegal mix of collations ({first},EXPLICIT) and ({second},EXPLICIT) for operation '{operation}'");

    public static SqlException SavepointMissing(string name) => new(1305, "42000", $"SAVEPOINT {name} does not exist");

    public static SqlException FunctionMissing(string name) => new(1305, "42000", $"FUNCTION {name} does not exist");

    public static SqlException WrongParameterCount(string function) =>
        new(1582, "42000", $"Incorrect parameter count in the call to native function '{function}'");

    public static SqlException NoSuchThing(string text) => new(1305, "42000", text);

    public static SqlException Interrupted() => new(1317, "70100", "Query execution was interrupted");

    public static SqlException NoDefault(string column) => new(1364, "HY000", $"Field '{column}' doesn't have a default value");

    public static SqlException CannotReopen(string table) =>
        new(1093, "HY000", $"You can't specify target table '{table}' for update in FROM clause");

    public static SqlException TooBigPrecision(int precision, string column, int max) =>
        new(1426, "42000", $"Too-big precision {precision} specified for '{column}'. Maximum is {max}.");

    public static SqlException TooBigScale(int scale, string column, int max) =>
        new(1425, "42000", $"Too big scale {scale} specified for column '{column}'. Maximum is {max}.");

    public static SqlException ScaleOverPrecision(string column) =>
        new(1427, "42000", $"For float(M,D), double(M,D) or decimal(M,D), M must be >= D (column '{column}').");

    public static SqlException ReadOnlyTransaction() =>
        new(1792, "25006", "Cannot execute statement in a READ ONLY transaction.");

    public static SqlException IsolationInTransaction() =>
        new(1568, "25001", "Transaction characteristics can't be changed while a transaction is in progress");

    public static SqlException AutoIncrementExhausted() => new(1467, "HY000", "Failed to read auto-increment value from storage engine");

    public static SqlException TooManyPrepared() => new(
        1461, "42000", $"Can't create more than max_prepared_stmt_count statements (current value: {SqlLimits.PreparedStatementsMax})");

    public static SqlException OutOfMemory(long limitBytes) => new(
        8175,
        "HY000",
        $"The statement needs more than {limitBytes} bytes of memory; select fewer rows or columns, or add an index that avoids sorting.");

    public static SqlException WriteConflictAfterRetries() => new(
        1213, "40001", "Deadlock found when trying to get lock; try restarting transaction (other transactions kept changing the same rows)");

    public static SqlException StorageUnavailable(string detail) => new(
        9001, "HY000", $"The storage of the cluster cannot be reached: {detail} Try again; see the cluster's conditions if it lasts.");

    public static SqlException UndeterminedResult() => new(
        8115, "HY000", "The connection to storage failed while committing: the transaction may or may not have been committed.");

    public static SqlException TransactionTooLarge(string detail) => new(8004, "HY000", $"Transaction is too large: {detail}");

    public static SqlException StorageFault(string detail) => new(1105, "HY000", $"The storage of the cluster failed: {detail}");
}
