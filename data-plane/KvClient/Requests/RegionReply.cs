namespace Cloud.KvClient.Requests;

/// <summary>
/// What came of one attempt at a region: an answer without a region error, or the advice to look up the regions of the keys again, after
/// what was learnt from the failure has been taken note of and any wait is over.
/// </summary>
internal readonly record struct RegionReply<T>(T? Response)
    where T : class
{
    public static RegionReply<T> LocateAgain => default;
}
