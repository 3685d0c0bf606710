using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Cloud.Kernel;
using Cloud.Modules.Clusters.Public;

namespace Cloud.Modules.Clusters.Domain;

/// <summary>Rules for single fields of a cluster; each answers with the canonical value or a failure that names the field.</summary>
internal static partial class FieldRules
{
    public const int NameLengthMax = 63;
    public const int AllowListMax = 100;
    public const int LabelsMax = 64;
    public const int LabelValueLengthMax = 255;

    /// <summary>
    /// A name is a DNS label, so that it can become a host name. Source: RFC 1123 section 2.1 (letters, digits, hyphens; 63 at most),
    /// lower case only (chosen here: names are compared byte by byte).
    /// </summary>
    public static Outcome<string> Name(string? name, string pointer)
    {
        if (string.IsNullOrEmpty(name))
        {
            return new Failure(ClusterErrorCodes.Required, "A cluster needs a name.", pointer);
        }

        return NamePattern().IsMatch(name)
            ? name
            : new Failure(
                ClusterErrorCodes.InvalidField,
                $"The name must have 1 to {NameLengthMax} characters a-z, 0-9 and '-', and begin and end with a letter or digit.",
                pointer);
    }

    /// <summary>Distinct CIDR blocks in canonical form; a bare address becomes a block of one.</summary>
    public static Outcome<IReadOnlyList<string>> AllowList(IReadOnlyList<string?> blocks, string pointer)
    {
        if (blocks.Count > AllowListMax)
        {
            return new Failure(
                ClusterErrorCodes.InvalidField, $"An allow list has at most {AllowListMax} blocks, not {blocks.Count}.", pointer);
        }

        var canonical = new List<string>(blocks.Count);
        for (var i = 0; i < blocks.Count; i++)
        {
            if (!TryCanonicalBlock(blocks[i], out var block))
            {
                return new Failure(
                    ClusterErrorCodes.InvalidField,
                    $"'{blocks[i]}' is not a CIDR block without host bits, such as 203.0.113.0/24 or 2001:db8::/32.",
                    $"{pointer}/{i}");
            }

            if (!canonical.Contains(block))
            {
                canonical.Add(block);
            }
        }

        return canonical;
    }

    /// <summary>Labels: keys like <c>team</c> or <c>example.com/team</c>, values of printable text.</summary>
    public static Outcome<IReadOnlyDictionary<string, string>> Labels(
        IReadOnlyDictionary<string, string?> labels, string pointer)
    {
        if (labels.Count > LabelsMax)
        {
            return new Failure(
                ClusterErrorCodes.InvalidField, $"A cluster has at most {LabelsMax} labels, not {labels.Count}.", pointer);
        }

        var checkedLabels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in labels)
        {
            var at = $"{pointer}/{key.Replace("~", "~0").Replace("/", "~1")}"; // RFC 6901 section 3
            if (!LabelKeyPattern().IsMatch(key))
            {
                return new Failure(
                    ClusterErrorCodes.InvalidField,
                    "A label's key has 1 to 63 characters a-z, 0-9, '-', '_', '.' and '/', and begins with a letter.",
                    at);
            }

            if (value is null || value.Length > LabelValueLengthMax || value.Any(char.IsControl))
            {
                return new Failure(
                    ClusterErrorCodes.InvalidField,
                    $"A label's value is text of at most {LabelValueLengthMax} characters without control characters.",
                    at);
            }

            checkedLabels.Add(key, value);
        }

        return checkedLabels;
    }

    /// <summary>A number within bounds.</summary>
    public static Outcome<int> InRange(int value, int min, int max, string what, string pointer) =>
        value >= min && value <= max
            ? value
            : new Failure(ClusterErrorCodes.InvalidField, $"{what} must be {min} to {max}, not {value}.", pointer);

    private static bool TryCanonicalBlock(string? text, out string block)
    {
        block = string.Empty;
        if (string.IsNullOrEmpty(text) || text.Length > 64)
        {
            return false;
        }

        // IPAddress.Parse takes shorthands such as "10" or "0x7f.1" that nobody means in an allow list.
        var address = text.Split('/')[0];
        if (!address.Contains(':') && address.Count(character => character == '.') != 3)
        {
            return false;
        }

        if (!text.Contains('/'))
        {
            if (!IPAddress.TryParse(text, out var single) || text.Contains('%'))
            {
                return false;
            }

            block = $"{single}/{(single.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)}";
            return true;
        }

        // TryParse clears host bits by itself; a block that has some was probably meant to be another one.
        if (!IPNetwork.TryParse(text, out var network)
            || !IPAddress.TryParse(address, out var given)
            || !given.Equals(network.BaseAddress))
        {
            return false;
        }

        block = network.ToString();
        return true;
    }

    [GeneratedRegex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NamePattern();

    [GeneratedRegex("^[a-z][a-z0-9._/-]{0,62}\\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex LabelKeyPattern();
}
