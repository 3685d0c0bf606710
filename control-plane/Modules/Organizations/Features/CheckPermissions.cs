using Cloud.Kernel;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Access;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;
using FluentValidation;

namespace Cloud.Modules.Organizations.Features;

/// <summary>Answers "may I": which of some permissions the caller has on a resource.</summary>
internal static class CheckPermissions
{
    private const int PermissionsMax = 100;

    internal sealed record Request
    {
        /// <summary>Id of an organization, project, cluster or any other resource.</summary>
        public required string Resource { get; init; }

        /// <summary>At most 100.</summary>
        public required IReadOnlyList<string> Permissions { get; init; }
    }

    /// <summary>The answer.</summary>
    /// <param name="Allowed">Those of the asked permissions that the caller has, in the order asked.</param>
    internal sealed record Result(string Resource, IReadOnlyList<string> Allowed);

    internal sealed class Validator : AbstractValidator<Request>
    {
        public Validator()
        {
            RuleFor(request => request.Resource).NotEmpty();
            RuleFor(request => request.Permissions)
                .Must(permissions => permissions is { Count: > 0 and <= PermissionsMax })
                .WithErrorCode("count")
                .WithMessage($"Ask for 1 to {PermissionsMax} permissions.");
        }
    }

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/permissions:check", HandleAsync)
        .SignedIn(EndpointClass.Query, "answers about the caller's own permissions")
        .ManagesTransaction()
        .Example(new Request { Resource = "prj_01j9z3k8b5v6w7x8y9z0a1b2c3", Permissions = [Permissions.ClustersCreate] });

    private static async Task<Reply<Result>> HandleAsync(
        Request request,
        HttpContext http,
        TenantTransaction transaction,
        Admission admission,
        CancellationToken cancellationToken)
    {
        var separator = request.Resource.IndexOf('_');
        var isId = Crockford32.TryDecode(request.Resource.AsSpan(separator + 1), out var id) && separator > 0;
        var token = http.Request.Headers.Authorization.ToString().Split(' ', 2)[^1];
        await transaction.BeginAsync(cancellationToken);
        var admitted = await admission.AdmitAsync(token, null, isId ? id : null, cancellationToken);
        return admitted.Access is { } access
            ? Reply.Ok(new Result(request.Resource, [.. request.Permissions.Where(access.Allows)]))
            : PlatformErrors.ResourceNotFound("resource", request.Resource);
    }
}
