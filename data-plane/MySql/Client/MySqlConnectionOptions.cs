namespace Cloud.MySql.Client;

/// <summary>Whether the connection is encrypted.</summary>
public enum TlsMode
{
    Disabled,

    /// <summary>When the server offers it.</summary>
    Preferred,

    /// <summary>Or no connection.</summary>
    Required,
}

/// <summary>Where and as whom to connect.</summary>
public sealed record MySqlConnectionOptions
{
    public required string Host { get; init; }

    public required int Port { get; init; }

    public required string User { get; init; }

    public string Password { get; init; } = string.Empty;

    public string? Database { get; init; }

    public TlsMode Tls { get; init; } = TlsMode.Preferred;

    /// <summary>
    /// Whether the server's certificate must be one that this host trusts for <see cref="Host"/>. Without it the
    /// connection is encrypted
    /// but the server could be anyone, which is what loopback needs.
    /// </summary>
    public bool VerifyCertificate { get; init; }

    /// <summary>Whether one text may hold several statements.</summary>
    public bool MultiStatements { get; init; }

    /// <summary>The method tried first; null takes the server's default.</summary>
    public string? AuthPlugin { get; init; }

    /// <summary>Shown by servers as <c>program_name</c>.</summary>
    public string ProgramName { get; init; } = "cloud";
}
