namespace Cloud.Codec;

/// <summary>
/// Stored or received bytes do not have the form they must have: corruption, or a writer of another version.
/// </summary>
public sealed class CodecException(string message) : Exception(message)
{
    /// <summary>An error that shows the start of the offending bytes.</summary>
    public static CodecException Malformed(string what, ReadOnlySpan<byte> bytes) =>
        new($"{what} is malformed ({bytes.Length} bytes: {Convert.ToHexStringLower(bytes[..Math.Min(bytes.Length, 64)])})");
}
