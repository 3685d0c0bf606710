using System.Collections.Frozen;
using Cloud.Kernel;

namespace Cloud.Modules.Identity.Domain;

/// <summary>
/// Which passwords are taken: long enough, none that everybody tries first, none that is the person's own address. No rules about
/// kinds of characters. Source: NIST SP 800-63B, section 3.1.1.2 (length, blocklist, no composition rules). Pure.
/// </summary>
internal static class PasswordPolicy
{
    public const int LengthMin = 8;

    /// <summary>Chosen here, so that hashing a password costs the same for all.</summary>
    public const int LengthMax = 256;

    /// <summary>The passwords of at least <see cref="LengthMin"/> characters that lead public lists of leaked ones.</summary>
    private static readonly FrozenSet<string> Common = """
        12345678 123456789 1234567890 0123456789 87654321 987654321 11111111 00000000 88888888 12341234 11223344 password password1
        password12 password123 password1234 passw0rd p@ssword p@ssw0rd p@ssw0rd1 passwords qwertyui qwertyuiop qwerty123 qwerty12
        qwerty1234 qwerty123456 1q2w3e4r 1q2w3e4r5t 1qaz2wsx q1w2e3r4 zaq12wsx asdfghjk asdfghjkl asdf1234 abcd1234 abc12345 abcdefgh
        abcdefg1 a1b2c3d4 iloveyou iloveyou1 sunshine princess football baseball basketball superman trustno1 letmein1 letmein123
        welcome1 welcome123 admin123 admin1234 administrator changeme changeme1 changeme123 dragon123 monkey123 shadow123 master123
        michael1 jennifer whatever starwars computer internet michelle corvette mercedes samantha passport secret123 default1
        """.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <returns>Null when the password is taken; otherwise the failure of its field.</returns>
    public static Failure? Check(string? password, EmailAddress email, string pointer)
    {
        if (password is null || password.Length < LengthMin)
        {
            return Weak($"The password must have at least {LengthMin} characters.", pointer);
        }

        if (password.Length > LengthMax)
        {
            return Weak($"The password must have at most {LengthMax} characters.", pointer);
        }

        if (Common.Contains(password) || password.Distinct().Count() < 3)
        {
            return Weak("This password is one of the first that attackers try. Choose another, such as four random words.", pointer);
        }

        return password.Equals(email.Text, StringComparison.OrdinalIgnoreCase)
            || password.Equals(email.LocalPart, StringComparison.OrdinalIgnoreCase)
            ? Weak("The password must not be the e-mail address.", pointer)
            : null;
    }

    private static Failure Weak(string detail, string pointer) => new(IdentityErrors.WeakPassword, detail, pointer);
}
