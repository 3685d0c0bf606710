using System.Diagnostics;
using System.Net;
using Cloud.TestKit;

namespace Cloud.ControlPlane.Tests.Platform;

/// <summary>The database goes away and comes back.</summary>
public sealed class DatabaseOutageTests
{
    [Fact]
    public async Task While_the_database_is_away_requests_fail_fast_and_afterwards_all_goes_on()
    {
        var server = await PostgresServer.StartAsync(durable: false);
        using var home = new TemporaryFolder();
        try
        {
            var database = await server.CreateDatabaseAsync();
            await using var app = await ApiFixture.StartAsync(server.ConnectionString(database), home.Path);
            var api = Host.CloudHost.Addresses(app).Api;
            using var person = await ApiSession.SignUpAsync(api);

            server.Freeze();
            var watch = Stopwatch.StartNew();
            var replies = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => person.GetAsync("/v1/organizations")));
            watch.Stop();
            foreach (var reply in replies)
            {
                reply.ShouldBeProblem(503, "unavailable");
                reply.Headers.RetryAfter.ShouldNotBeNull();
            }

            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(4));
            watch.Restart();
            for (var i = 0; i < 20; i++)
            {
                (await person.GetAsync("/v1/organizations")).ShouldBeProblem(503, "unavailable");
            }

            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(6), "after the first to notice, the others need not wait");
            (await person.GetAsync("/healthz")).Status.ShouldBe(HttpStatusCode.OK);
            (await person.GetAsync("/readyz")).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);

            server.Resume();
            await Eventually.NotNullAsync(async () =>
                (await person.GetAsync("/v1/organizations")).Status == HttpStatusCode.OK ? "served again" : null);
            await app.StopAsync();
        }
        finally
        {
            server.Resume();
            server.End();
        }
    }
}
