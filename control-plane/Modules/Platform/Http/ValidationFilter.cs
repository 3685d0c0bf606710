using System.Text;
using System.Text.Json;
using Cloud.Kernel;
using Cloud.Modules.Platform.Errors;
using FluentValidation;
using FluentValidation.Results;

namespace Cloud.Modules.Platform.Http;

/// <summary>
/// Validates every handler argument whose type has a validator in this assembly, and answers 422 with one error per field.
/// </summary>
internal static class ValidationFilter
{
    /// <summary>An endpoint filter factory; adds nothing to endpoints without validated arguments.</summary>
    public static EndpointFilterDelegate Create(EndpointFilterFactoryContext context, EndpointFilterDelegate next)
    {
        var validated = context.MethodInfo.GetParameters()
            .Select((parameter, index) => (
                index,
                context.ApplicationServices.GetService(typeof(IValidator<>).MakeGenericType(parameter.ParameterType)) as IValidator))
            .Where(found => found.Item2 is not null)
            .ToList();
        return validated.Count == 0 ? next : invocation => InvokeAsync(invocation, validated!, next); // filtered for not null
    }

    /// <summary>Registers all validators of the assembly; they are stateless.</summary>
    public static void AddValidators(IServiceCollection services)
    {
        foreach (var type in typeof(ValidationFilter).Assembly.GetTypes().Where(type => type is { IsClass: true, IsAbstract: false }))
        {
            if (type.BaseType is { IsGenericType: true } parent && parent.GetGenericTypeDefinition() == typeof(AbstractValidator<>))
            {
                services.AddSingleton(typeof(IValidator<>).MakeGenericType(parent.GetGenericArguments()), type);
            }
        }
    }

    private static async ValueTask<object?> InvokeAsync(
        EndpointFilterInvocationContext invocation,
        List<(int Index, IValidator Validator)> validated,
        EndpointFilterDelegate next)
    {
        var cancellationToken = invocation.HttpContext.RequestAborted;
        foreach (var (index, validator) in validated)
        {
            if (invocation.Arguments[index] is not { } argument)
            {
                continue;
            }

            var result = await validator.ValidateAsync(new ValidationContext<object>(argument), cancellationToken);
            if (!result.IsValid)
            {
                return new InvalidReply(result.Errors);
            }
        }

        return await next(invocation);
    }

    /// <summary><c>Sql.Count</c> to <c>/sql/count</c>, <c>AllowList[0]</c> to <c>/allowList/0</c>.</summary>
    internal static string ToPointer(string property)
    {
        var pointer = new StringBuilder();
        foreach (var step in property.Split(['.', '[', ']'], StringSplitOptions.RemoveEmptyEntries))
        {
            pointer.Append('/').Append(JsonNamingPolicy.CamelCase.ConvertName(step));
        }

        return pointer.ToString();
    }

    /// <summary>FluentValidation's <c>NotEmptyValidator</c> becomes <c>not-empty</c>; codes of our own stay as they are.</summary>
    internal static string ToCode(string code) => JsonNamingPolicy.KebabCaseLower.ConvertName(
        code.EndsWith("Validator", StringComparison.Ordinal) ? code[..^"Validator".Length] : code);

    private sealed class InvalidReply(IReadOnlyList<ValidationFailure> failures) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var errors = failures
                .Select(failure => new FieldError(ToPointer(failure.PropertyName), ToCode(failure.ErrorCode), failure.ErrorMessage))
                .ToList();
            await httpContext.RequestServices.GetRequiredService<ProblemWriter>().WriteAsync(
                httpContext,
                new Failure(PlatformErrors.ValidationFailed, string.Join(' ', errors.Select(error => error.Detail))),
                errors,
                cancellationToken: httpContext.RequestAborted);
        }
    }
}
