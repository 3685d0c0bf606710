using System.Security.Cryptography;
using System.Text;
using Cloud.Kernel;

namespace Cloud.Modules.Identity.Domain;

/// <summary>
/// An address that mail can be sent to, as its owner wrote it. Compared by <see cref="Normalized"/>.
/// Source: RFC 5321, section 4.5.3.1 for the lengths. The form is checked loosely on purpose: only a delivered mail proves an address.
/// </summary>
internal sealed record EmailAddress
{
    private const int LengthMax = 254;
    private const int LocalPartMax = 64;

    private EmailAddress(string text)
    {
        Text = text;
        Normalized = text.ToLowerInvariant();
    }

    public string Text { get; }

    /// <summary>Lower case: no provider of note tells mailboxes apart by case.</summary>
    public string Normalized { get; }

    /// <summary>SHA-256 of <see cref="Normalized"/>, for tables that must not hold addresses of strangers.</summary>
    public byte[] Hash => SHA256.HashData(Encoding.UTF8.GetBytes(Normalized));

    public string LocalPart => Text[..Text.LastIndexOf('@')];

    public static Outcome<EmailAddress> Parse(string? text)
    {
        var trimmed = text?.Trim() ?? string.Empty;
        var at = trimmed.LastIndexOf('@');
        var domain = at < 0 ? string.Empty : trimmed[(at + 1)..];
        var isUsable = trimmed.Length <= LengthMax
            && at is > 0 and <= LocalPartMax
            && domain.Length > 0
            && trimmed.IndexOf('@') == at
            && !trimmed.Any(character => char.IsWhiteSpace(character) || char.IsControl(character) || character is '<' or '>' or ',' or ';')
            && domain.Split('.').All(label => label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-');
        return isUsable
            ? new EmailAddress(trimmed)
            : new Failure(IdentityErrors.InvalidEmail, "The address must look like name@example.com.", "/email");
    }
}
