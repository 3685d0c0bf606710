using System.Diagnostics;
using Cloud.Local;
using Cloud.Local.Processes;
using Cloud.Local.Supervision;
using Cloud.TestKit;
using Shouldly;
using Xunit;

namespace Cloud.Infra.Tests.Supervision;

public sealed class SupervisorTests : IDisposable
{
    private readonly TemporaryFolder _home = new();
    private readonly CloudSettings _settings;

    public SupervisorTests()
    {
        _settings = new CloudSettings
        {
            Root = _home.Path, Home = _home.Path, ApiPort = 1, PortalPort = 2, AgentPort = 3, PublicUrl = "http://localhost:2",
        };
        Directory.CreateDirectory(_settings.RunFolder);
        Directory.CreateDirectory(_settings.LogFolder);
    }

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task A_service_that_crashes_is_started_again()
    {
        await using var run = new Run(_settings, Service("sleeper", "exec sleep 1000"));
        var first = await run.WaitForProcessAsync("sleeper");

        Signals.Send(first, Signals.Kill);

        var second = await Eventually.NotNullAsync(() => run.FindProcess("sleeper") is { } found && found != first ? found : null);
        second.IsAlive.ShouldBeTrue();
        (await run.StatusAsync("sleeper")).Restarts.ShouldBe(1);
    }

    [Fact]
    public async Task Stopping_ends_every_process_of_a_service_and_not_only_the_one_we_started()
    {
        var run = new Run(_settings, Service("parent", $"sleep 1000 & echo $! > {_home.Path}/child; wait"));
        var parent = await run.WaitForProcessAsync("parent");
        var child = await Eventually.NotNullAsync(() => ReadPid(Path.Combine(_home.Path, "child")));

        await run.DisposeAsync();

        parent.IsAlive.ShouldBeFalse();
        child.IsAlive.ShouldBeFalse();
    }

    [Fact]
    public async Task A_service_that_ignores_the_signal_is_killed_when_its_limit_has_passed()
    {
        var stubborn = Service("stubborn", "trap '' TERM; touch ready; while :; do sleep 0.05; done") with { StopLimit = TimeSpan.FromMilliseconds(200) };
        var run = new Run(_settings, stubborn);
        var process = await run.WaitForProcessAsync("stubborn");
        await Eventually.TrueAsync(() => File.Exists(Path.Combine(_home.Path, "ready")), "the trap is set");

        await run.DisposeAsync();

        process.IsAlive.ShouldBeFalse();
    }

    [Fact]
    public async Task What_a_killed_supervisor_left_running_is_ended_by_the_next_one()
    {
        using var orphan = Process.Start(new ProcessStartInfo("setsid", ["sleep", "1000"]))!; // sleep exists everywhere
        var identity = ProcessIdentity.Of(orphan.Id)!; // it sleeps
        PidFile.Write(_settings, "sleeper", identity);

        await using var run = new Run(_settings, Service("sleeper", "exec sleep 1000"));

        await Eventually.TrueAsync(() => !identity.IsAlive, "the orphan is gone");
        (await run.WaitForProcessAsync("sleeper")).ShouldNotBe(identity);
    }

    [Fact]
    public async Task A_pid_file_that_names_a_reused_pid_ends_nobody()
    {
        var stranger = ProcessIdentity.Of(Environment.ProcessId)!; // ourselves
        PidFile.Write(_settings, "sleeper", stranger with { StartTicks = stranger.StartTicks - 1 });

        await using var run = new Run(_settings, Service("sleeper", "exec sleep 1000"));

        await run.WaitForProcessAsync("sleeper");
        stranger.IsAlive.ShouldBeTrue();
    }

    [Fact]
    public async Task A_service_starts_only_after_those_it_needs_were_ready()
    {
        var gate = new TaskCompletionSource();
        var first = Service("first", "exec sleep 1000") with { WaitUntilReady = cancellation => gate.Task.WaitAsync(cancellation) };
        var second = Service("second", "exec sleep 1000") with { After = ["first"] };
        await using var run = new Run(_settings, first, second);
        await Eventually.NotNullAsync(() => run.FindProcess("first"));
        run.FindProcess("second").ShouldBeNull();

        gate.SetResult();

        await run.WaitForProcessAsync("second");
    }

    private static ServiceDefinition Service(string name, string script) => new()
    {
        Name = name,
        File = "sh",
        Arguments = ["-c", script],
        WaitUntilReady = _ => Task.CompletedTask,
        StopLimit = TimeSpan.FromSeconds(5),
    };

    private static ProcessIdentity? ReadPid(string file) =>
        File.Exists(file) && int.TryParse(File.ReadAllText(file), out var pid) ? ProcessIdentity.Of(pid) : null;

    /// <summary>A supervisor at work in this process.</summary>
    private sealed class Run : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stopping = new();
        private readonly CloudSettings _settings;
        private readonly Task _running;

        public Run(CloudSettings settings, params ServiceDefinition[] services)
        {
            _settings = settings;
            _running = new Supervisor(settings, services, TimeProvider.System).RunAsync(() => { }, _stopping.Token);
        }

        public ProcessIdentity? FindProcess(string service) => PidFile.FindAlive(_settings, service);

        public Task<ProcessIdentity> WaitForProcessAsync(string service) => Eventually.NotNullAsync(
            () => Supervisor.ReadStatus(_settings)?.Services.FirstOrDefault(candidate => candidate.Name == service && candidate.State == "ready")?.Process);

        public async Task<ServiceStatus> StatusAsync(string service) => await Eventually.NotNullAsync(
            () => Supervisor.ReadStatus(_settings)?.Services.FirstOrDefault(candidate => candidate.Name == service && candidate.State == "ready"));

        public async ValueTask DisposeAsync()
        {
            await _stopping.CancelAsync();
            await _running;
            _stopping.Dispose();
        }
    }
}
