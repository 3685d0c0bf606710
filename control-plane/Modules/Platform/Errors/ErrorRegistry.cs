using Cloud.Kernel;

namespace Cloud.Modules.Platform.Errors;

/// <summary>Every error code of the API with its status, title and remedy. Immutable and thread-safe.</summary>
internal sealed class ErrorRegistry
{
    private readonly Dictionary<string, ErrorDefinition> _byCode;

    /// <exception cref="InvariantViolatedException">Two modules define the same code.</exception>
    public ErrorRegistry(IEnumerable<ErrorDefinition> definitions)
    {
        _byCode = new Dictionary<string, ErrorDefinition>(StringComparer.Ordinal);
        foreach (var definition in definitions)
        {
            Invariant.Require(_byCode.TryAdd(definition.Code, definition), $"error code '{definition.Code}' is defined twice");
        }
    }

    /// <summary>By code.</summary>
    public IReadOnlyList<ErrorDefinition> All => [.. _byCode.Values.OrderBy(definition => definition.Code, StringComparer.Ordinal)];

    public bool Contains(string code) => _byCode.ContainsKey(code);

    /// <exception cref="InvariantViolatedException">Nobody registered the code.</exception>
    public ErrorDefinition Get(string code)
    {
        Invariant.Require(_byCode.ContainsKey(code), $"error code '{code}' is not in the registry; add it to its module's Errors");
        return _byCode[code];
    }
}
