using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Cloud.Kernel;

namespace Cloud.Modules.Identity.Public;

/// <summary>Identifies a person.</summary>
[JsonConverter(typeof(TypedIdJsonConverter<UserId>))]
public readonly record struct UserId(Guid Value) : ITypedId<UserId>
{
    public static string Prefix => "usr";

    public static UserId From(Guid value) => new(value);

    public static UserId Parse(string s, IFormatProvider? provider = null) => TypedId.Parse<UserId>(s);

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out UserId result) =>
        TypedId.TryParse(s, out result);

    public override string ToString() => TypedId.Format(this);
}

/// <summary>Identifies a sign-in of a person.</summary>
[JsonConverter(typeof(TypedIdJsonConverter<SessionId>))]
public readonly record struct SessionId(Guid Value) : ITypedId<SessionId>
{
    public static string Prefix => "ses";

    public static SessionId From(Guid value) => new(value);

    public static SessionId Parse(string s, IFormatProvider? provider = null) => TypedId.Parse<SessionId>(s);

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out SessionId result) =>
        TypedId.TryParse(s, out result);

    public override string ToString() => TypedId.Format(this);
}
