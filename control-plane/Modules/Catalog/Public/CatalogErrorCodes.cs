namespace Cloud.Modules.Catalog.Public;

/// <summary>Codes that the catalog answers with.</summary>
internal static class CatalogErrorCodes
{
    /// <summary>The organization would hold more than it may.</summary>
    public const string QuotaExceeded = "quota-exceeded";
}
