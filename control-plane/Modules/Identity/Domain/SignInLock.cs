namespace Cloud.Modules.Identity.Domain;

/// <summary>
/// The failed sign-ins of one address and what follows from them. After <see cref="FailuresBeforeLock"/> failures each further one
/// locks the address, first for a minute, twice as long each time, at most for a quarter of an hour: guessing is limited to about a
/// hundred passwords a day, while an owner who forgot theirs is not shut out for long. Pure.
/// </summary>
/// <param name="Failures">Since the last success or the last quiet hour.</param>
/// <param name="LastAt">Of the last failure.</param>
/// <param name="LockedUntil">Null when nothing is locked.</param>
internal sealed record SignInLock(int Failures, DateTimeOffset LastAt, DateTimeOffset? LockedUntil)
{
    public const int FailuresBeforeLock = 5;

    private static readonly TimeSpan LockFirst = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LockMax = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan ForgottenAfter = TimeSpan.FromHours(1);

    public static SignInLock None { get; } = new(0, DateTimeOffset.MinValue, null);

    /// <summary>How long no password is looked at any more; null when one is.</summary>
    public TimeSpan? RemainingAt(DateTimeOffset now) => LockedUntil > now ? LockedUntil - now : null;

    public SignInLock AfterFailure(DateTimeOffset now)
    {
        var failures = now - LastAt > ForgottenAfter ? 1 : Failures + 1;
        if (failures < FailuresBeforeLock)
        {
            return new SignInLock(failures, now, null);
        }

        var doublings = Math.Min(failures - FailuresBeforeLock, 10);
        var length = TimeSpan.FromTicks(Math.Min(LockFirst.Ticks << doublings, LockMax.Ticks));
        return new SignInLock(failures, now, now + length);
    }
}
