using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cloud.Modules.Platform.Http;

/// <summary>Answers <c>validateOnly</c>: the reply that the caller would have got becomes the plan's target state.</summary>
internal static class PlanWriter
{
    public static async Task WriteAsync(
        HttpContext http,
        EndpointRules rules,
        CallPlan plan,
        ReadOnlyMemory<byte> reply,
        CancellationToken cancellationToken)
    {
        var response = http.Response;
        var to = reply.Length == 0 ? null : JsonNode.Parse(reply.Span);
        if (to is JsonObject fields)
        {
            foreach (var secret in rules.SecretFields)
            {
                fields.Remove(secret);
            }

            fields.Remove("operation");
        }

        var from = plan.From is null ? null : JsonSerializer.SerializeToNode(plan.From, ApiJson.Options);
        var action = http.Request.Method switch
        {
            "PATCH" => "update",
            "DELETE" => "delete",
            _ when rules.Class == EndpointClass.ResourceWrite => "create",
            _ => rules.OperationId(),
        };
        // What is to be created has no address yet: the id in the reply was never given out.
        var resource = action == "create" ? http.Request.Path.Value ?? "/" : response.Headers.Location.FirstOrDefault() ?? http.Request.Path;
        if (action == "create" && to is JsonObject created)
        {
            created.Remove("id");
        }

        response.Headers.Remove("Location");
        response.Headers.Remove("Operation-Location");
        response.Headers.Remove("ETag");
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "application/json; charset=utf-8";
        var body = new PlanReply([new PlannedChange(action, resource, from, to)], plan.Price, [.. plan.Quota]);
        await JsonSerializer.SerializeAsync(response.Body, body, ApiJson.Options, cancellationToken);
    }
}
