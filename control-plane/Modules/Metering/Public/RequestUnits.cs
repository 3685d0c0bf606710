using Cloud.Contracts;
using Cloud.Kernel;

namespace Cloud.Modules.Metering.Public;

/// <summary>
/// Converts what the data plane counts into request units. A formula never changes once used: another one gets the next version and an
/// instant from which it applies. Version 1 is the formula that the API's reference states.
/// </summary>
internal static class RequestUnits
{
    public const int Version = 1;

    /// <summary>Decimal places of a quantity, half to even.</summary>
    public const int Places = 12;

    private const decimal ReadBytesPerUnit = 64 * 1024;
    private const decimal WrittenBytesPerUnit = 1024;

    public static decimal Of(UsageCounters counters)
    {
        Invariant.Require(
            long.Min(counters.ReadBytes, counters.WrittenBytes) >= 0, "usage is not negative");
        var units = (counters.ReadBatches / 2m)
            + (counters.ReadRequests / 8m)
            + (counters.ReadBytes / ReadBytesPerUnit)
            + counters.WriteBatches
            + counters.WriteRequests
            + (counters.WrittenBytes / WrittenBytesPerUnit)
            + (counters.SqlCpuMs / 3m);
        return decimal.Round(units, Places, MidpointRounding.ToEven);
    }
}
