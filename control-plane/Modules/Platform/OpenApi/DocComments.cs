using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace Cloud.Modules.Platform.OpenApi;

/// <summary>Reads the compiler's documentation file, so that the API describes itself in the words of its code. Immutable.</summary>
internal sealed partial class DocComments
{
    private readonly Dictionary<string, XElement> _members;

    private DocComments(Dictionary<string, XElement> members) => _members = members;

    /// <summary>From the file beside the assembly; without it there are no descriptions.</summary>
    public static DocComments Load(Assembly assembly)
    {
        var path = Path.ChangeExtension(assembly.Location, ".xml");
        if (!File.Exists(path))
        {
            return new DocComments([]);
        }

        using var reader = XmlReader.Create(path, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
        return new DocComments(XDocument.Load(reader).Descendants("member")
            .ToDictionary(member => member.Attribute("name")?.Value ?? string.Empty, StringComparer.Ordinal));
    }

    /// <summary>One line of plain text; null when there is no comment.</summary>
    public string? Of(Type type) => Read("T:" + NameOf(type), "summary");

    /// <summary>As <see cref="Of(Type)"/>, for a property or for the parameter of a positional record.</summary>
    public string? Of(PropertyInfo property)
    {
        var type = property.DeclaringType!; // a property has one
        return Read($"P:{NameOf(type)}.{property.Name}", "summary")
            ?? (_members.TryGetValue("T:" + NameOf(type), out var record)
                ? Clean(record.Elements("param").FirstOrDefault(
                    element => string.Equals(element.Attribute("name")?.Value, property.Name, StringComparison.OrdinalIgnoreCase)))
                : null);
    }

    private static string NameOf(Type type) =>
        (type.IsGenericType ? type.GetGenericTypeDefinition() : type).FullName!.Replace('+', '.'); // no open parameters here

    private string? Read(string member, string element) =>
        _members.TryGetValue(member, out var found) ? Clean(found.Element(element)) : null;

    private static string? Clean(XElement? element)
    {
        if (element is null)
        {
            return null;
        }

        foreach (var reference in element.DescendantNodes().OfType<XElement>().Where(node => node.IsEmpty).ToList())
        {
            var name = (reference.Attribute("cref") ?? reference.Attribute("langword") ?? reference.Attribute("name"))?.Value ?? string.Empty;
            reference.ReplaceWith(name[(name.LastIndexOf('.') + 1)..]);
        }

        // Where an algorithm comes from interests its reader, not the caller of the API.
        var text = Blanks().Replace(element.Value, " ").Trim();
        var source = text.IndexOf(" Source:", StringComparison.Ordinal);
        return source < 0 ? text : text[..source];
    }

    [GeneratedRegex(@"\s+", RegexOptions.None, 1000)]
    private static partial Regex Blanks();
}
