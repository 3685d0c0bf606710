namespace Cloud.Modules.Platform.Http;

/// <summary>Reads request bodies whole, within a limit, so that they can be fingerprinted before they are bound.</summary>
internal static class RequestBody
{
    /// <summary>Chosen here: no body of this API comes near it.</summary>
    public const int BytesMax = 1024 * 1024;

    /// <summary>Reads the body and puts a buffered copy in its place.</summary>
    /// <exception cref="BadHttpRequestException">Status 413: it is longer than <see cref="BytesMax"/>.</exception>
    public static async Task<ReadOnlyMemory<byte>> BufferAsync(HttpContext http, CancellationToken cancellationToken)
    {
        if (http.Request.ContentLength > BytesMax)
        {
            throw TooLarge();
        }

        var buffer = new MemoryStream();
        var chunk = new byte[8192];
        int read;
        while ((read = await http.Request.Body.ReadAsync(chunk, cancellationToken)) > 0)
        {
            if (buffer.Length + read > BytesMax)
            {
                throw TooLarge();
            }

            await buffer.WriteAsync(chunk.AsMemory(0, read), cancellationToken);
        }

        buffer.Position = 0;
        http.Request.Body = buffer;
        return buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
    }

    private static BadHttpRequestException TooLarge() =>
        new("The request body is too large.", StatusCodes.Status413PayloadTooLarge);
}
