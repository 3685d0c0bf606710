using Cloud.ControlPlane.Tests.Clusters;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Messaging;
using Cloud.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Cloud.ControlPlane.Tests.Messaging;

/// <summary>Leases, the inbox and wake-ups, on a real database with a reconciler made for the test.</summary>
public sealed class MessagingTests(LifecycleFixture fixture) : IClassFixture<LifecycleFixture>
{
    private CloudDataSources Sources => fixture.Main.Services.GetRequiredService<CloudDataSources>();

    [Fact]
    public async Task One_of_many_knocks_gets_the_lease_and_the_others_leave_a_note()
    {
        var id = Guid.NewGuid();
        var leases = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => KnockAsync(id, Guid.NewGuid(), $"worker-{i}")));

        var lease = leases.Single(taken => taken is not null)!; // Single finds it
        var again = await lease.ReleaseAsync(Sources.Worker, CancellationToken.None);
        if (lease.Seen < 20)
        {
            again.ShouldNotBeNull().Seen.ShouldBe(20);
            again = await again.ReleaseAsync(Sources.Worker, CancellationToken.None);
        }

        again.ShouldBeNull();
        (await KnockAsync(id, Guid.NewGuid(), "later")).ShouldNotBeNull().Token.ShouldBe(lease.Token + 1);
    }

    [Fact]
    public async Task The_same_message_knocks_once()
    {
        var (id, message) = (Guid.NewGuid(), Guid.NewGuid());
        var lease = await KnockAsync(id, message, "first");
        lease.ShouldNotBeNull();
        (await lease.ReleaseAsync(Sources.Worker, CancellationToken.None)).ShouldBeNull();

        (await KnockAsync(id, message, "second")).ShouldBeNull();

        (await fixture.QueryAsync<long>($"select wake_count from cloud.work_items where id = '{id}'")).ShouldBe(1);
    }

    [Fact]
    public async Task A_lease_that_ran_out_goes_to_the_next_and_its_late_holder_cannot_commit()
    {
        var id = Guid.NewGuid();
        var old = (await KnockAsync(id, Guid.NewGuid(), "old"))!; // free, so it is taken
        (await KnockAsync(id, Guid.NewGuid(), "too early")).ShouldBeNull();
        await fixture.QueryAsync<Guid>(
            $"update cloud.work_items set lease_until = now() - interval '1 second' where id = '{id}' returning id");

        var next = await KnockAsync(id, Guid.NewGuid(), "next");
        next.ShouldNotBeNull();

        await Should.ThrowAsync<LeaseLostException>(() => FenceAsync(old));
        await FenceAsync(next);
        (await old.ReleaseAsync(Sources.Worker, CancellationToken.None)).ShouldBeNull();
        (await fixture.QueryAsync<string>($"select lease_owner from cloud.work_items where id = '{id}'")).ShouldBe("next");
    }

    [Fact]
    public async Task A_knock_during_a_pass_leads_to_another_pass()
    {
        var reconciler = new CountingReconciler();
        var runner = RunnerOf(reconciler);
        var id = Guid.NewGuid();
        reconciler.OnPass = async pass =>
        {
            if (pass == 1)
            {
                await runner.RunAsync(new Hint(Guid.NewGuid(), CountingReconciler.KindName, id, 1), CancellationToken.None);
            }
        };

        await runner.RunAsync(new Hint(Guid.NewGuid(), CountingReconciler.KindName, id, 1), CancellationToken.None);

        reconciler.Passes.ShouldBe(2);
    }

    [Fact]
    public async Task A_failed_pass_is_kept_with_its_error_and_gives_the_lease_back()
    {
        var reconciler = new CountingReconciler { OnPass = _ => throw new InvalidOperationException("out of luck") };
        var id = Guid.NewGuid();
        await RunnerOf(reconciler).RunAsync(new Hint(Guid.NewGuid(), CountingReconciler.KindName, id, 1), CancellationToken.None);

        (await fixture.QueryAsync<string>($"select last_error from cloud.work_items where id = '{id}'")).ShouldBe("out of luck");
        (await fixture.QueryAsync<bool>(
            $"select lease_owner is null and handled_count < wake_count and failures = 1 from cloud.work_items where id = '{id}'"))
            .ShouldBeTrue();
    }

    [Fact]
    public async Task Hints_of_another_version_or_kind_are_dropped()
    {
        var reconciler = new CountingReconciler();
        var runner = RunnerOf(reconciler);
        await runner.RunAsync(new Hint(Guid.NewGuid(), CountingReconciler.KindName, Guid.NewGuid(), 2), CancellationToken.None);
        await runner.RunAsync(new Hint(Guid.NewGuid(), "unheard-of", Guid.NewGuid(), 1), CancellationToken.None);
        reconciler.Passes.ShouldBe(0);
    }

    [Fact]
    public async Task What_is_rolled_back_sends_no_hint()
    {
        var id = Guid.NewGuid();
        await using (var scope = fixture.Main.Services.CreateWorkerScope())
        {
            var database = scope.ServiceProvider.GetRequiredService<CloudDbContext>();
            await using var transaction = await database.Database.BeginTransactionAsync();
            database.Hint("cluster", id, TimeProvider.System);
            await database.SaveChangesAsync();
        }

        await using (var scope = fixture.Main.Services.CreateWorkerScope())
        {
            var database = scope.ServiceProvider.GetRequiredService<CloudDbContext>();
            database.Hint("cluster", id, TimeProvider.System);
            await database.SaveChangesAsync();
        }

        await Eventually.NotNullAsync(
            async () => await fixture.QueryAsync<long>($"select count(*) from cloud.work_items where id = '{id}' and handled_count = 1") == 1
                ? ""
                : null,
            expected: "exactly the committed hint is handled");
    }

    private Task<WorkLease?> KnockAsync(Guid id, Guid message, string owner) =>
        WorkLease.KnockAsync(Sources.Worker, "test", id, message, owner, CancellationToken.None);

    private async Task FenceAsync(WorkLease lease)
    {
        await using var scope = fixture.Main.Services.CreateWorkerScope();
        var database = scope.ServiceProvider.GetRequiredService<CloudDbContext>();
        await using var transaction = await database.Database.BeginTransactionAsync();
        await lease.FenceAsync(database, CancellationToken.None);
    }

    private ReconcileRunner RunnerOf(IReconciler reconciler) => new(
        fixture.Main.Services, Sources, [reconciler], new NoProbe(), TimeProvider.System, NullLogger<ReconcileRunner>.Instance);

    private sealed class CountingReconciler : IReconciler
    {
        public const string KindName = "counting";

        public string Kind => KindName;

        public int Passes { get; private set; }

        public Func<int, Task> OnPass { get; set; } = _ => Task.CompletedTask;

        public async Task<PassResult> PassAsync(
            IServiceProvider services, Guid id, WorkLease lease, CancellationToken cancellationToken)
        {
            Passes++;
            await OnPass(Passes);
            return PassResult.Done;
        }
    }
}
