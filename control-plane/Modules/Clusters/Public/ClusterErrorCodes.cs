namespace Cloud.Modules.Clusters.Public;

/// <summary>Codes of failures that cluster calls answer with; the registry gives each a status and a remedy.</summary>
internal static class ClusterErrorCodes
{
    /// <summary>A field that must be given is missing.</summary>
    public const string Required = "required";

    /// <summary>A field's value is outside its rules.</summary>
    public const string InvalidField = "invalid-field";

    /// <summary>What is asked for is known, and the data plane cannot do it.</summary>
    public const string NotAvailable = "not-available";

    /// <summary>A live cluster of the project has the name.</summary>
    public const string NameTaken = "name-taken";

    /// <summary>The cluster is protected from deletion.</summary>
    public const string DeletionProtected = "deletion-protected";

    /// <summary>The cluster is deleted, so the change makes no sense.</summary>
    public const string ClusterDeleted = "cluster-deleted";

    /// <summary>Only a deleted cluster can be purged.</summary>
    public const string NotDeleted = "not-deleted";

    /// <summary>The cluster is not deleted, or its data is gone.</summary>
    public const string NotRestorable = "not-restorable";
}
