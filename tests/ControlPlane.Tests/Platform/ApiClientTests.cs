using System.Net;
using Cloud.ApiClient;

namespace Cloud.ControlPlane.Tests.Platform;

/// <summary>The client against the real host, through a transport that loses replies.</summary>
public sealed class ApiClientTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_mutation_whose_reply_is_lost_is_repeated_and_done_once()
    {
        using var person = await fixture.SignUpAsync();
        using var http = new HttpClient(new LossyTransport(losses: 2)) { BaseAddress = fixture.Api };
        var client = new CloudClient(http, new FixedToken(person.Client.DefaultRequestHeaders.Authorization!.Parameter!)); // signed in

        var created = await client.Organizations.CreateProjectAsync(person.OrganizationId, new CreateProjectRequest { Name = "once" });
        created.Status.ShouldBe(HttpStatusCode.Created);
        created.ETag.ShouldBe("\"1\"");
        var names = new List<string>();
        await foreach (var project in client.Organizations.ListProjectsAllAsync(person.OrganizationId, pageSize: 1))
        {
            names.Add(project.Name);
        }

        names.ShouldBe(["default", "once"]);
    }

    [Fact]
    public async Task A_failure_carries_the_problem_and_the_request_id()
    {
        using var person = await fixture.SignUpAsync();
        using var http = new HttpClient { BaseAddress = fixture.Api };
        var client = new CloudClient(http, new FixedToken(person.Client.DefaultRequestHeaders.Authorization!.Parameter!)); // signed in

        var refused = await Should.ThrowAsync<ApiException>(
            () => client.Organizations.CreateProjectAsync(person.OrganizationId, new CreateProjectRequest { Name = "Wrong Name" }));
        refused.Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        refused.Code.ShouldBe("validation-failed");
        refused.RequestId.ShouldStartWith("req_");
        refused.Problem?.Errors?[0].Pointer.ShouldBe("/name");
        refused.IsRetryable.ShouldBeFalse();
    }

    [Fact]
    public async Task A_plan_is_typed_and_nothing_was_made()
    {
        using var person = await fixture.SignUpAsync();
        using var http = new HttpClient { BaseAddress = fixture.Api };
        var client = new CloudClient(http, new FixedToken(person.Client.DefaultRequestHeaders.Authorization!.Parameter!)); // signed in

        var plan = await client.Organizations.PlanCreateProjectAsync(person.OrganizationId, new CreateProjectRequest { Name = "imagined" });
        plan.Value.PlanValue.Single().Action.ShouldBe("create");
        (await client.Organizations.ListProjectsAsync(person.OrganizationId)).Value.Items.Count.ShouldBe(1);
    }

    /// <summary>Delivers every request, and loses the first replies.</summary>
    private sealed class LossyTransport(int losses) : DelegatingHandler(new SocketsHttpHandler())
    {
        private int _left = losses;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var reply = await base.SendAsync(request, cancellationToken);
            if (Interlocked.Decrement(ref _left) < 0)
            {
                return reply;
            }

            reply.Dispose();
            throw new HttpRequestException("the connection broke before the reply arrived");
        }
    }
}
