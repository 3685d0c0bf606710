namespace Cloud.Contracts;

/// <summary>Exit codes of <c>cloud-node</c> that its supervisor acts upon; every other code but 0 is a crash.</summary>
public static class NodeExitCodes
{
    /// <summary>A port of the configuration cannot be bound because something else holds it. The number is Linux's EADDRINUSE.</summary>
    public const int PortTaken = 98;

    /// <summary>The configuration cannot be used; standard error says why. Source: sysexits.h, EX_CONFIG.</summary>
    public const int ConfigurationInvalid = 78;
}
