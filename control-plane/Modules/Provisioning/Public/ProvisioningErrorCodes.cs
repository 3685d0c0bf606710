namespace Cloud.Modules.Provisioning.Public;

/// <summary>Why a layout cannot be placed; shown in a cluster's conditions and as the last error of an operation's step.</summary>
internal static class ProvisioningErrorCodes
{
    /// <summary>No connected host of the location can run the instances.</summary>
    public const string NoHost = "no-host";

    /// <summary>A host has no port left in its range.</summary>
    public const string NoPort = "no-port";
}
