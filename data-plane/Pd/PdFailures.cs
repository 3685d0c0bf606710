using Cloud.Kernel;
using Cloud.Rpc.Proto.Pdpb;

namespace Cloud.Pd;

/// <summary>The refusals of PD, and how the protocol names them.</summary>
internal static class PdFailures
{
    private const string NotBootstrappedCode = "not-bootstrapped";
    private const string AlreadyBootstrappedCode = "already-bootstrapped";
    private const string TombstoneCode = "store-tombstone";
    private const string RegionUnknownCode = "region-not-found";
    private const string NotFoundCode = "not-found";
    private const string InvalidCode = "invalid";
    private const string IncompleteCode = "regions-incomplete";

    public static Failure NotBootstrapped { get; } =
        new(NotBootstrappedCode, "the cluster is not bootstrapped: start a storage node, which does it");

    public static Failure AlreadyBootstrapped { get; } = new(AlreadyBootstrappedCode, "the cluster is already bootstrapped");

    public static Failure Incomplete { get; } =
        new(IncompleteCode, "the regions known do not cover the range, as a split is being reported; ask again");

    public static Failure Tombstone(ulong store) =>
        new(TombstoneCode, $"store {store} was removed from the cluster; a store must come back under a new id");

    public static Failure StoreUnknown(ulong store) => new(NotFoundCode, $"invalid store ID {store}, not found");

    public static Failure RegionUnknown(ulong region) => new(RegionUnknownCode, $"region {region} not found");

    public static Failure NotFound(string what) => new(NotFoundCode, what);

    public static Failure Invalid(string why) => new(InvalidCode, why);

    public static ErrorType TypeOf(Failure failure) => failure.Code switch
    {
        NotBootstrappedCode => ErrorType.NotBootstrapped,
        AlreadyBootstrappedCode => ErrorType.AlreadyBootstrapped,
        TombstoneCode => ErrorType.StoreTombstone,
        RegionUnknownCode => ErrorType.RegionNotFound,
        NotFoundCode => ErrorType.EntryNotFound,
        InvalidCode => ErrorType.InvalidValue,
        IncompleteCode => ErrorType.RegionsNotContainAllKeyRange,
        _ => ErrorType.Unknown,
    };
}
