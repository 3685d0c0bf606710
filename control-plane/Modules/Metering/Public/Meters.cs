using Cloud.Contracts;

namespace Cloud.Modules.Metering.Public;

/// <summary>The names of everything that is measured, as they show in the API, on invoices and in price lists.</summary>
public static class Meters
{
    /// <summary>Hours for which an instance is allocated, by role and size.</summary>
    public const string InstanceHours = "instance.hours";

    /// <summary>GiB of volume times hours of its allocation.</summary>
    public const string StorageGibHours = "storage.gib-hours";

    /// <summary>Work of the data plane, converted from its parts by a versioned formula.</summary>
    public const string RequestUnits = "request-units";

    /// <summary>GiB sent to MySQL clients.</summary>
    public const string EgressGib = "egress.gib";

    /// <summary>GiB of backups times hours they are kept.</summary>
    public const string BackupGibHours = "backup.gib-hours";
}

/// <summary>The keys of a price list: a meter, with what else decides the price.</summary>
public static class Skus
{
    /// <summary>An instance of a role and size, for example <c>instance.hours/sql/small</c>.</summary>
    /// <param name="size">A size's id as <c>/v1/sizes</c> lists it.</param>
    public static string Instance(InstanceRole role, string size) => $"{Meters.InstanceHours}/{role.Word()}/{size}";

    /// <summary>The SKU of a meter with one price for all.</summary>
    public static string Flat(string meter) => meter;

    /// <summary>The meter a SKU belongs to.</summary>
    public static string MeterOf(string sku)
    {
        var slash = sku.IndexOf('/');
        return slash < 0 ? sku : sku[..slash];
    }
}
