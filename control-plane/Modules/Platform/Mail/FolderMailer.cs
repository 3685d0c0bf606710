using System.Globalization;
using Cloud.Modules.Platform.Secrets;

namespace Cloud.Modules.Platform.Mail;

/// <summary>A plain-text message.</summary>
internal sealed record MailMessage(string To, string Subject, string Text);

/// <summary>Sends mail.</summary>
internal interface IMailer
{
    /// <summary>Hands the message over; returns when it cannot be lost by a crash of this process any more.</summary>
    Task SendAsync(MailMessage message, CancellationToken cancellationToken);
}

/// <summary>
/// Leaves each message as a file in <c>CLOUD_HOME/mail</c>, readable by the cloud's owner alone, in the format of RFC 5322; names sort
/// by time. For clouds without a mail server.
/// </summary>
internal sealed class FolderMailer(CloudSettings settings, TimeProvider time) : IMailer
{
    public Task SendAsync(MailMessage message, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var name = string.Create(CultureInfo.InvariantCulture, $"{now:yyyyMMdd'T'HHmmssfff}-{Guid.CreateVersion7(now):N}.eml");
        Directory.CreateDirectory(settings.MailFolder);
        SecretFile.Write(Path.Combine(settings.MailFolder, name), $"""
            To: {OneLine(message.To)}
            Subject: {OneLine(message.Subject)}
            Date: {now.ToString("r", CultureInfo.InvariantCulture)}
            MIME-Version: 1.0
            Content-Type: text/plain; charset=utf-8

            {message.Text}

            """);
        return Task.CompletedTask;
    }

    /// <summary>A line break in a header would let its author add headers of their own.</summary>
    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
