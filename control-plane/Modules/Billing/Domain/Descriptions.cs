using Cloud.Modules.Metering.Public;

namespace Cloud.Modules.Billing.Domain;

/// <summary>What a SKU is called on bills.</summary>
internal static class Descriptions
{
    public static string Of(string sku)
    {
        var parts = sku.Split('/');
        return (parts[0], parts.Length) switch
        {
            (Meters.InstanceHours, 3) => $"{Role(parts[1])} instance, {parts[2]}",
            (Meters.StorageGibHours, _) => "Storage volume",
            (Meters.BackupGibHours, _) => "Backup storage",
            (Meters.RequestUnits, _) => "Request units",
            (Meters.EgressGib, _) => "Data sent to clients",
            _ => sku,
        };
    }

    private static string Role(string word) => word switch
    {
        "sql" => "SQL",
        "pd" => "Placement driver",
        "storage" => "Storage",
        "columnar" => "Columnar",
        _ => word,
    };
}
