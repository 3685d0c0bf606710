using Cloud.Contracts;

namespace Cloud.Node;

/// <summary>Exit codes beside those of <see cref="NodeExitCodes"/>, which the agent acts upon.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>The node failed after its start, or could not start for a reason that a retry may mend.</summary>
    public const int Failed = 1;

    /// <summary>The command line cannot be understood. Source: sysexits.h, EX_USAGE.</summary>
    public const int Usage = 64;

    /// <summary>Another process has the data directory. Source: sysexits.h, EX_TEMPFAIL.</summary>
    public const int DataInUse = 75;
}

/// <summary>Ends the process with an exit code and a message for standard error.</summary>
internal sealed class NodeExitException(int code, string message, Exception? inner = null) : Exception(message, inner)
{
    public int Code { get; } = code;
}
