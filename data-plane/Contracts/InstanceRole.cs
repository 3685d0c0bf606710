using System.Text.Json.Serialization;

namespace Cloud.Contracts;

/// <summary>What a node process does; the text is the role word of the command line <c>cloud-node &lt;role&gt;</c>.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<InstanceRole>))]
public enum InstanceRole
{
    /// <summary>Placement driver: timestamps, region registry.</summary>
    [JsonStringEnumMemberName("pd")]
    Pd,

    /// <summary>Key-value storage.</summary>
    [JsonStringEnumMemberName("storage")]
    Storage,

    /// <summary>MySQL-compatible SQL service, stateless.</summary>
    [JsonStringEnumMemberName("sql")]
    Sql,

    /// <summary>Columnar replica.</summary>
    [JsonStringEnumMemberName("columnar")]
    Columnar,
}

/// <summary>The role's word.</summary>
public static class InstanceRoles
{
    public static string Word(this InstanceRole role) => role switch
    {
        InstanceRole.Pd => "pd",
        InstanceRole.Storage => "storage",
        InstanceRole.Sql => "sql",
        InstanceRole.Columnar => "columnar",
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, "No such role."),
    };
}
