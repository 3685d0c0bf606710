using Cloud.Modules.Identity.Domain;

namespace Cloud.ControlPlane.Tests.Identity;

public sealed class SignInLockTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_lock_doubles_up_to_a_quarter_of_an_hour()
    {
        var state = SignInLock.None;
        var minutes = new List<double>();
        for (var i = 0; i < 11; i++)
        {
            state = state.AfterFailure(Start);
            minutes.Add(state.RemainingAt(Start)?.TotalMinutes ?? 0);
        }

        minutes.ShouldBe([0, 0, 0, 0, 1, 2, 4, 8, 15, 15, 15]);
    }

    [Fact]
    public void A_quiet_hour_is_forgiven()
    {
        var state = Enumerable.Range(0, 7).Aggregate(SignInLock.None, (current, _) => current.AfterFailure(Start));
        state.AfterFailure(Start.AddHours(2)).Failures.ShouldBe(1);
        state.RemainingAt(Start.AddHours(2)).ShouldBeNull();
    }
}
