using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Cloud.Modules.Platform.Data;

/// <summary>
/// Documents in jsonb columns: <c>{"version": 1, "value": …}</c>. A version that this build does not know is refused, so that an
/// older build never misreads, and then overwrites, what a newer one wrote.
/// </summary>
internal static class StoredJson
{
    /// <summary>The version that this build writes and reads.</summary>
    public const int Version = 1;

    public static JsonSerializerOptions Options { get; } = Create();

    public static string Write<T>(T value) => JsonSerializer.Serialize(new Envelope<T>(Version, value), Options);

    /// <exception cref="InvalidDataException">The document has another version, or no value.</exception>
    public static T Read<T>(string json)
    {
        var envelope = JsonSerializer.Deserialize<Envelope<T>>(json, Options);
        if (envelope is not { Version: Version, Value: not null })
        {
            throw new InvalidDataException(
                $"A stored {typeof(T).Name} has version {envelope?.Version}, but this build reads version {Version}: run the build that wrote it.");
        }

        return envelope.Value;
    }

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        };
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    private sealed record Envelope<T>(int Version, T? Value);
}

/// <summary>Maps properties to versioned jsonb columns.</summary>
internal static class StoredJsonMapping
{
    /// <summary>Stores the property as a <see cref="StoredJson"/> document; two values are equal when their documents are.</summary>
    public static PropertyBuilder<T> HasStoredJson<T>(this PropertyBuilder<T> property)
    {
        property.HasColumnType("jsonb").HasConversion(
            new ValueConverter<T, string>(value => StoredJson.Write(value), json => StoredJson.Read<T>(json)),
            new ValueComparer<T>(
                (left, right) => Same(left, right),
                value => StoredJson.Write(value).GetHashCode(StringComparison.Ordinal),
                value => value));
        return property;
    }

    private static bool Same<T>(T? left, T? right) =>
        ReferenceEquals(left, right)
        || (left is not null && right is not null && StoredJson.Write(left) == StoredJson.Write(right));
}
