using Cloud.Portal.Api;

namespace Cloud.Portal.Session;

/// <summary>Turns fresh tokens into a signed-in browser.</summary>
internal sealed class SessionBeginner(TokenClient tokenClient)
{
    /// <summary>Asks who the tokens belong to and writes the cookie.</summary>
    /// <returns>Null when signed in, otherwise why not.</returns>
    public async Task<Problem?> BeginAsync(HttpContext context, SessionTokens tokens)
    {
        var reply = await tokenClient.WhoAsync(tokens, context.RequestAborted);
        if (!reply.TryGet(out var person, out var problem))
        {
            return problem;
        }

        await context.BeginSessionAsync(person, tokens);
        return null;
    }
}
