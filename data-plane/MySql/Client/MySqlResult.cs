using Cloud.Execution.Types;

namespace Cloud.MySql.Client;

/// <summary>A column of a result.</summary>
public sealed record MySqlColumn(string Name, MySqlType Type, FieldFlags Flags, uint Length, byte Decimals, ushort CollationId)
{
    public string Schema { get; init; } = string.Empty;

    public string Table { get; init; } = string.Empty;

    /// <summary>The type as SQL names it, for example <c>BIGINT UNSIGNED</c> or <c>VARCHAR</c>.</summary>
    public string TypeName
    {
        get
        {
            var binary = CollationId == Collation.BinaryId;
            var name = Type switch
            {
                MySqlType.VarString or MySqlType.VarChar => binary ? "VARBINARY" : "VARCHAR",
                MySqlType.String => binary ? "BINARY" : "CHAR",
                MySqlType.TinyBlob => binary ? "TINYBLOB" : "TINYTEXT",
                MySqlType.Blob => binary ? "BLOB" : "TEXT",
                MySqlType.MediumBlob => binary ? "MEDIUMBLOB" : "MEDIUMTEXT",
                MySqlType.LongBlob => binary ? "LONGBLOB" : "LONGTEXT",
                MySqlType.OldDecimal => "DECIMAL",
                _ => Type.ToString().ToUpperInvariant(),
            };
            return Flags.HasFlag(FieldFlags.Unsigned) ? name + " UNSIGNED" : name;
        }
    }
}

/// <summary>The answer to one statement: either rows, or counts.</summary>
public sealed record MySqlResult
{
    /// <summary>Empty when the statement has no result set.</summary>
    public IReadOnlyList<MySqlColumn> Columns { get; init; } = [];

    /// <summary>
    /// Values as text, null for NULL; binary strings as Latin-1. Each row is as long as <see cref="Columns"/>.
    /// </summary>
    public IReadOnlyList<string?[]> Rows { get; init; } = [];

    public ulong AffectedRows { get; init; }

    public ulong LastInsertId { get; init; }

    public int Warnings { get; init; }

    public Protocol.ServerStatus Status { get; init; }

    public string Message { get; init; } = string.Empty;

    /// <summary>Whether rows beyond the limit were left out.</summary>
    public bool Truncated { get; init; }

    /// <summary>The only value of the only row.</summary>
    public string? Scalar => Rows is [[var value]]
        ? value
        : throw new InvalidOperationException($"The result has {Rows.Count} rows of {Columns.Count} columns, not one value.");
}
