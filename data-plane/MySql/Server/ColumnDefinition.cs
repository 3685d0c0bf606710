using Cloud.Execution.Types;

namespace Cloud.MySql.Server;

/// <summary>One column of a result as the client is told about it. Empty names are those of expressions.</summary>
public sealed record ColumnDefinition(string Name, FieldType Type)
{
    public string Schema { get; init; } = string.Empty;

    public string Table { get; init; } = string.Empty;

    public string OriginalTable { get; init; } = string.Empty;

    public string OriginalName { get; init; } = string.Empty;
}
