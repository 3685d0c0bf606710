namespace Cloud.Modules.Platform.Http;

/// <summary>Reads request bodies whole, within a limit, so that they can be fingerprinted before they are bound.</summary>
internal static class RequestBody
{
    /// <summary>Chosen here: no body of this API comes near it.</summary>
    public const int BytesMax = 1024 * 1024;

    /// <summary>
    /// What the server reads of a body that is too large before it says so. A reply while the client still writes would end in a
    /// reset connection, in which most clients lose the reply. Larger ones are cut off.
    /// </summary>
    public const int DrainedBytesMax = 16 * BytesMax;

    /// <summary>Reads the body and puts a buffered copy in its place.</summary>
    /// <exception cref="BadHttpRequestException">Status 413: it is longer than <see cref="BytesMax"/>.</exception>
    public static async Task<ReadOnlyMemory<byte>> BufferAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var buffer = new MemoryStream();
        var chunk = new byte[8192];
        var length = 0L;
        int read;
        while ((read = await http.Request.Body.ReadAsync(chunk, cancellationToken)) > 0)
        {
            length += read;
            if (length <= BytesMax)
            {
                await buffer.WriteAsync(chunk.AsMemory(0, read), cancellationToken);
            }
        }

        if (length > BytesMax)
        {
            throw new BadHttpRequestException("The request body is too large.", StatusCodes.Status413PayloadTooLarge);
        }

        buffer.Position = 0;
        http.Request.Body = buffer;
        return buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
    }
}
