using System.Globalization;

namespace Cloud.Modules.Catalog.Public;

/// <summary>
/// The limits of organizations without an override: those of <see cref="Quotas"/>, or what the operator set in
/// <c>CLOUD_QUOTA_CLUSTERS</c>, <c>CLOUD_QUOTA_VCPU</c>, <c>CLOUD_QUOTA_MEMORYGIB</c> and <c>CLOUD_QUOTA_STORAGEGIB</c>.
/// </summary>
internal sealed class QuotaDefaults
{
    private readonly Dictionary<string, long> _limits;

    /// <exception cref="InvalidOperationException">A variable is set to no whole number.</exception>
    public QuotaDefaults(IConfiguration configuration) =>
        _limits = Quotas.All.ToDictionary(definition => definition.Name, definition => Limit(configuration, definition));

    public long LimitOf(QuotaDefinition definition) => _limits[definition.Name];

    private static long Limit(IConfiguration configuration, QuotaDefinition definition)
    {
        var variable = "CLOUD_QUOTA_" + definition.Name.ToUpperInvariant();
        var text = configuration[variable];
        if (string.IsNullOrWhiteSpace(text))
        {
            return definition.DefaultLimit;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit)
            ? limit
            : throw new InvalidOperationException($"{variable} is '{text}', but must be a whole number.");
    }
}
