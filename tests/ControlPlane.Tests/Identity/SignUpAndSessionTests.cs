using System.Net;
using Cloud.ControlPlane.Tests.Platform;
using Cloud.TestKit;

namespace Cloud.ControlPlane.Tests.Identity;

public sealed class SignUpAndSessionTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    private const string Password = "correct horse battery staple";

    [Fact]
    public async Task A_taken_address_gets_the_same_reply_and_its_owner_a_mail()
    {
        using var client = new Calls(fixture);
        var email = NewEmail();
        var first = await client.PostAsync("/v1/users", new { email, password = Password, name = "Ada" });
        var second = await client.PostAsync("/v1/users", new { email, password = "another password entirely", name = "Ada" });

        first.Status.ShouldBe(HttpStatusCode.Created, first.Text);
        second.Status.ShouldBe(HttpStatusCode.Created);
        second.Text.ShouldBe(first.Text);
        first.Text.ShouldNotContain("usr_");
        Directory.GetFiles(Path.Combine(fixture.Home, "mail")).Select(File.ReadAllText)
            .Count(mail => mail.Contains($"To: {email}", StringComparison.Ordinal) && mail.Contains("already have an account", StringComparison.Ordinal))
            .ShouldBe(1);
        (await client.SignInAsync(email, "another password entirely")).ShouldBeProblem(401, "invalid-credentials");
        (await client.SignInAsync(email, Password)).Status.ShouldBe(HttpStatusCode.Created);
    }

    [Theory]
    [InlineData("ada@example.com", "short", "weak-password", "/password")]
    [InlineData("ada@example.com", "password123", "weak-password", "/password")]
    [InlineData("ada@example.com", "aaaaaaaaaaaa", "weak-password", "/password")]
    [InlineData("ada.lovelace@example.com", "Ada.Lovelace", "weak-password", "/password")]
    [InlineData("ada", Password, "invalid-email", "/email")]
    [InlineData("ada@", Password, "invalid-email", "/email")]
    [InlineData("a b@example.com", Password, "invalid-email", "/email")]
    public async Task A_wrong_address_or_weak_password_is_refused(string email, string password, string code, string pointer)
    {
        using var client = new Calls(fixture);
        var reply = await client.PostAsync("/v1/users", new { email, password, name = "Ada" });
        reply.ShouldBeProblem(422, code);
        reply.Body.GetProperty("errors")[0].GetProperty("pointer").GetString().ShouldBe(pointer);
    }

    [Fact]
    public async Task A_new_person_owns_an_organization_with_a_project_named_default()
    {
        using var person = await fixture.SignUpAsync();
        var projects = (await person.GetAsync($"/v1/organizations/{person.OrganizationId}/projects")).Body.GetProperty("items");
        var bindings = (await person.GetAsync($"/v1/organizations/{person.OrganizationId}/roleBindings")).Body.GetProperty("items");

        projects.GetArrayLength().ShouldBe(1);
        projects[0].GetProperty("name").GetString().ShouldBe("default");
        bindings[0].GetProperty("role").GetString().ShouldBe("organizationOwner");
    }

    [Fact]
    public async Task Repeated_failures_lock_known_and_unknown_addresses_alike()
    {
        using var client = new Calls(fixture);
        var known = NewEmail();
        (await client.PostAsync("/v1/users", new { email = known, password = Password, name = "Ada" })).RequireSuccess();
        foreach (var email in new[] { known, NewEmail() })
        {
            for (var i = 0; i < 5; i++)
            {
                (await client.SignInAsync(email, "wrong password")).ShouldBeProblem(401, "invalid-credentials");
            }

            var locked = await client.SignInAsync(email, Password);
            locked.ShouldBeProblem(429, "too-many-attempts");
            locked.Headers.RetryAfter?.Delta.ShouldNotBeNull().ShouldBeGreaterThan(TimeSpan.FromSeconds(30));
        }
    }

    [Fact]
    public async Task A_second_factors_code_is_checked_for_its_form_and_ignored_for_people_without_one()
    {
        using var client = new Calls(fixture);
        var email = NewEmail();
        await client.SignUpAndInAsync(email, Password);
        foreach (var malformed in new[] { string.Empty, "12345", "123456789", "12345a", "123456\n" })
        {
            var refused = await client.PostAsync("/v1/sessions", new { email, password = Password, totp = malformed });
            refused.ShouldBeProblem(422, "validation-failed");
            refused.Body.GetProperty("errors")[0].GetProperty("pointer").GetString().ShouldBe("/totp");
            refused.String("detail").ShouldContain("6 to 8 digits");
        }

        foreach (var ignored in new[] { null, "123456", "12345678" })
        {
            var entered = await client.PostAsync("/v1/sessions", new { email, password = Password, totp = ignored });
            entered.Status.ShouldBe(HttpStatusCode.Created, entered.Text);
        }
    }

    [Fact]
    public async Task Tokens_are_stored_as_hashes_alone()
    {
        using var client = new Calls(fixture);
        var session = await client.SignUpAndInAsync(NewEmail(), Password);
        var dump = await fixture.QueryAsync<string>(
            "select string_agg(t::text, '') || (select string_agg(r::text, '') from cloud.refresh_tokens r) from cloud.access_tokens t", "cloud_worker");
        dump.ShouldNotBeNull().ShouldNotContain(session.String("accessToken"));
        dump.ShouldNotContain(session.String("refreshToken"));
        session.Headers.CacheControl?.NoStore.ShouldBe(true);
    }

    [Fact]
    public async Task A_refresh_token_works_once_and_its_second_use_ends_the_session()
    {
        using var client = new Calls(fixture);
        var session = await client.SignUpAndInAsync(NewEmail(), Password);
        var first = await client.RefreshAsync(session.String("refreshToken"));
        var next = first.String("access_token");
        (await client.GetAsync("/v1/users/me", next)).Status.ShouldBe(HttpStatusCode.OK);

        var reused = await client.RefreshAsync(session.String("refreshToken"));
        reused.Status.ShouldBe(HttpStatusCode.BadRequest);
        reused.String("error").ShouldBe("invalid_grant");
        (await client.GetAsync("/v1/users/me", next)).ShouldBeProblem(401, "unauthenticated");
        (await client.RefreshAsync(first.String("refresh_token"))).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Signing_out_ends_the_token_at_once()
    {
        using var person = await fixture.SignUpAsync();
        (await person.GetAsync("/v1/sessions")).Body.GetProperty("items")[0].GetProperty("isCurrent").GetBoolean().ShouldBeTrue();
        (await person.DeleteAsync("/v1/sessions/current")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await person.GetAsync("/v1/users/me")).ShouldBeProblem(401, "unauthenticated");
    }

    [Fact]
    public async Task Nobody_ends_somebody_elses_session()
    {
        using var person = await fixture.SignUpAsync();
        using var other = await fixture.SignUpAsync();
        var id = (await person.GetAsync("/v1/sessions")).Body.GetProperty("items")[0].GetProperty("id").GetString();
        (await other.DeleteAsync($"/v1/sessions/{id}")).ShouldBeProblem(404, "not-found");
        (await person.GetAsync("/v1/users/me")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_changed_password_ends_all_other_sessions()
    {
        using var client = new Calls(fixture);
        var email = NewEmail();
        var one = (await client.SignUpAndInAsync(email, Password)).String("accessToken");
        var other = (await client.SignInAsync(email, Password)).String("accessToken");
        var wrong = await client.PostAsync("/v1/users/me:changePassword", new { currentPassword = "wrong", newPassword = "a new one entirely" }, one);
        var right = await client.PostAsync("/v1/users/me:changePassword", new { currentPassword = Password, newPassword = "a new one entirely" }, one);

        wrong.ShouldBeProblem(422, "wrong-password");
        right.Status.ShouldBe(HttpStatusCode.NoContent, right.Text);
        (await client.GetAsync("/v1/users/me", one)).Status.ShouldBe(HttpStatusCode.OK);
        (await client.GetAsync("/v1/users/me", other)).ShouldBeProblem(401, "unauthenticated");
        (await client.SignInAsync(email, Password)).ShouldBeProblem(401, "invalid-credentials");
        (await client.SignInAsync(email, "a new one entirely")).Status.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task The_operators_link_works_once()
    {
        using var person = await fixture.SignUpAsync();
        var file = Path.Combine(fixture.Home, "secrets", "operator-link");
        var link = await Eventually.NotNullAsync(() => File.Exists(file) ? File.ReadAllText(file).Trim() : null);
        File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var token = link[(link.LastIndexOf('=') + 1)..];

        (await person.PostAsync("/v1/users/me:claimOperator", new { token = token + "x" })).ShouldBeProblem(422, "invalid-operator-link");
        (await person.PostAsync("/v1/users/me:claimOperator", new { token })).Status.ShouldBe(HttpStatusCode.NoContent);
        (await person.GetAsync("/v1/users/me")).Body.GetProperty("isOperator").GetBoolean().ShouldBeTrue();
        (await person.PostAsync("/v1/users/me:claimOperator", new { token })).ShouldBeProblem(422, "invalid-operator-link");
    }

    [Fact]
    public async Task A_person_without_clusters_can_delete_themselves()
    {
        using var client = new Calls(fixture);
        var email = NewEmail();
        var token = (await client.SignUpAndInAsync(email, Password)).String("accessToken");
        var deleted = await client.SendAsync(HttpMethod.Delete, "/v1/users/me", null, token);

        deleted.Status.ShouldBe(HttpStatusCode.NoContent, deleted.Text);
        (await client.GetAsync("/v1/users/me", token)).ShouldBeProblem(401, "unauthenticated");
        (await client.SignInAsync(email, Password)).ShouldBeProblem(401, "invalid-credentials");
    }

    private static string NewEmail() => $"p{Guid.NewGuid():N}@example.com";
}

public sealed class ClosedSignUpFixture : ApiFixture
{
    protected override IReadOnlyDictionary<string, string?> Settings => new Dictionary<string, string?> { ["CLOUD_SIGNUP"] = "closed" };
}

public sealed class ClosedSignUpTests(ClosedSignUpFixture fixture) : IClassFixture<ClosedSignUpFixture>
{
    [Fact]
    public async Task Where_sign_up_is_closed_the_operators_link_still_lets_its_holder_in()
    {
        using var client = new Calls(fixture);
        var file = Path.Combine(fixture.Home, "secrets", "operator-link");
        var link = await Eventually.NotNullAsync(() => File.Exists(file) ? File.ReadAllText(file).Trim() : null);
        var operatorToken = link[(link.LastIndexOf('=') + 1)..];
        const string Email = "operator@example.com";
        const string Password = "correct horse battery staple";

        (await client.PostAsync("/v1/users", new { email = Email, password = Password, name = "Op" })).ShouldBeProblem(403, "sign-up-closed");
        (await client.PostAsync("/v1/users", new { email = Email, password = Password, name = "Op", operatorToken })).Status
            .ShouldBe(HttpStatusCode.Created);
        var token = (await client.SignInAsync(Email, Password)).String("accessToken");
        (await client.GetAsync("/v1/users/me", token)).Body.GetProperty("isOperator").GetBoolean().ShouldBeTrue();
        File.Exists(file).ShouldBeFalse();
    }
}
