using System.Collections.Frozen;
using Cloud.Execution.Types;

namespace Cloud.Execution.Expressions.Functions;

/// <summary>One function: how many arguments it takes and how its expression is made from them.</summary>
public sealed record FunctionDefinition(
    string Name, int ArgumentsMin, int ArgumentsMax, Func<IReadOnlyList<VectorExpression>, VectorExpression> Make);

/// <summary>The scalar functions by upper-case name. Source: MySQL 8.0 Reference Manual §12.</summary>
public static class FunctionLibrary
{
    private static readonly FrozenDictionary<string, FunctionDefinition> Functions = Build();

    public static FunctionDefinition? Find(string name) => Functions.GetValueOrDefault(name);

    private static FrozenDictionary<string, FunctionDefinition> Build()
    {
        var definitions = new FunctionSet();
        StringFunctions.AddTo(definitions);
        TextSearchFunctions.AddTo(definitions);
        HashFunctions.AddTo(definitions);
        NumericFunctions.AddTo(definitions);
        BitFunctions.AddTo(definitions);
        ControlFunctions.AddTo(definitions);
        DateFunctions.AddTo(definitions);
        DateArithmeticFunctions.AddTo(definitions);
        SessionFunctions.AddTo(definitions);
        return definitions.ToFrozenDictionary(definition => definition.Name, StringComparer.Ordinal);
    }
}

/// <summary>Collects definitions, with short forms for the usual shapes.</summary>
internal sealed class FunctionSet : List<FunctionDefinition>
{
    public const int Many = 1000;

    /// <summary>Longest text that a function gives.</summary>
    public const int BytesMax = 64 << 20;

    public static readonly FieldType Integer = FieldType.BigInt;

    public static readonly FieldType Unsigned = FieldType.UnsignedBigInt;

    public static readonly FieldType Real = FieldType.Double;

    public static FieldType DateTime6 { get; } = FieldType.Temporal(MySqlType.DateTime, 6);

    public void Add(string name, int min, int max, Func<IReadOnlyList<VectorExpression>, VectorExpression> make) =>
        Add(new FunctionDefinition(name, min, max, make));

    /// <summary>A function of arguments that are all brought to one kind; NULL when any is.</summary>
    public void Add(
        string name, int min, int max, Func<VectorExpression, VectorExpression> bring, FieldType result, RowKernel kernel, bool strict = true) =>
        Add(name, min, max, arguments => new FunctionExpression(name, result, arguments.Select(bring).ToList(), kernel, strict));

    /// <summary>As above, with an own conversion for each argument; the last one serves all that follow.</summary>
    public void Add(
        string name,
        int min,
        int max,
        Func<VectorExpression, VectorExpression>[] bring,
        FieldType result,
        RowKernel kernel,
        bool strict = true) =>
        Add(name, min, max, arguments => new FunctionExpression(name, result, Bring(arguments, bring), kernel, strict));

    /// <summary>Text with the collation of the first text argument.</summary>
    public void AddText(
        string name, int min, int max, Func<VectorExpression, VectorExpression>[] bring, RowKernel kernel, int length = FieldType.Unspecified) =>
        Add(name, min, max, arguments =>
        {
            var brought = Bring(arguments, bring);
            return new FunctionExpression(name, TextLike(brought, length), brought, kernel, nullIfAnyNull: true);
        });

    public static FieldType TextLike(IReadOnlyList<VectorExpression> arguments, int length = FieldType.Unspecified)
    {
        var texts = arguments.Where(argument => argument.Type.IsString).Select(argument => argument.Type).ToList();
        var binary = texts.Exists(type => !type.IsText && type.Type != MySqlType.Null);
        var sum = length != FieldType.Unspecified ? length : texts.Sum(type => Math.Max(type.Length, 0));
        return binary ? FieldType.VarBinary(sum) : FieldType.VarChar(sum, texts.FirstOrDefault(type => type.IsText)?.CollationId ?? Collation.DefaultId);
    }

    public static List<VectorExpression> Bring(
        IReadOnlyList<VectorExpression> arguments, Func<VectorExpression, VectorExpression>[] bring)
    {
        var brought = new List<VectorExpression>(arguments.Count);
        for (var i = 0; i < arguments.Count; i++)
        {
            brought.Add(bring[Math.Min(i, bring.Length - 1)](arguments[i]));
        }

        return brought;
    }
}
