using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cloud.Kernel;

/// <summary>
/// An identifier whose type tells what it identifies. Its text is <c>prefix_</c> and 26 characters of <see cref="Crockford32"/>;
/// its value a UUIDv7 (RFC 9562), so that ids sort by creation time to the millisecond.
/// </summary>
public interface ITypedId<TSelf> : IParsable<TSelf>
    where TSelf : struct, ITypedId<TSelf>
{
    /// <summary>Lower-case letters before the underscore, unique among all id types.</summary>
    static abstract string Prefix { get; }

    /// <summary>The UUID inside.</summary>
    Guid Value { get; }

    /// <summary>Wraps a UUID that is already known to identify a resource of this type.</summary>
    static abstract TSelf From(Guid value);
}

/// <summary>What every <see cref="ITypedId{TSelf}"/> shares.</summary>
public static class TypedId
{
    /// <summary>Mints an id from the clock given and cryptographic randomness.</summary>
    public static TId New<TId>(TimeProvider time)
        where TId : struct, ITypedId<TId> => TId.From(Guid.CreateVersion7(time.GetUtcNow()));

    /// <summary>The text form, for example <c>clu_01j9z3…</c>.</summary>
    public static string Format<TId>(TId id)
        where TId : struct, ITypedId<TId> => $"{TId.Prefix}_{Crockford32.Encode(id.Value)}";

    /// <summary>The text form where a DNS label is needed: a hyphen in place of the underscore.</summary>
    public static string FormatDnsLabel<TId>(TId id)
        where TId : struct, ITypedId<TId> => $"{TId.Prefix}-{Crockford32.Encode(id.Value)}";

    /// <summary>Parses exactly what <see cref="Format{TId}"/> gives.</summary>
    public static bool TryParse<TId>([NotNullWhen(true)] string? text, out TId id)
        where TId : struct, ITypedId<TId>
    {
        id = default;
        var prefix = TId.Prefix;
        if (text is null
            || text.Length != prefix.Length + 1 + Crockford32.Length
            || !text.StartsWith(prefix, StringComparison.Ordinal)
            || text[prefix.Length] != '_'
            || !Crockford32.TryDecode(text.AsSpan(prefix.Length + 1), out var value))
        {
            return false;
        }

        id = TId.From(value);
        return true;
    }

    /// <summary>Parses, or throws.</summary>
    /// <exception cref="FormatException">The text is not an id of this type.</exception>
    public static TId Parse<TId>(string? text)
        where TId : struct, ITypedId<TId> =>
        TryParse<TId>(text, out var id)
            ? id
            : throw new FormatException($"'{text}' is not an id of the form {TId.Prefix}_<{Crockford32.Length} characters>.");
}

/// <summary>Writes typed ids as their text in JSON, also as property names.</summary>
public sealed class TypedIdJsonConverter<TId> : JsonConverter<TId>
    where TId : struct, ITypedId<TId>
{
    public override TId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        TypedId.TryParse<TId>(reader.GetString(), out var id)
            ? id
            : throw new JsonException($"Expected an id of the form {TId.Prefix}_<{Crockford32.Length} characters>.");

    public override void Write(Utf8JsonWriter writer, TId value, JsonSerializerOptions options) =>
        writer.WriteStringValue(TypedId.Format(value));

    public override TId ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Read(ref reader, typeToConvert, options);

    public override void WriteAsPropertyName(Utf8JsonWriter writer, TId value, JsonSerializerOptions options) =>
        writer.WritePropertyName(TypedId.Format(value));
}
