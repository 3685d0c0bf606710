using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using Cloud.Modules.Billing.Domain;
using CsvHelper;
using CsvHelper.Configuration;

namespace Cloud.Modules.Billing.Focus;

/// <summary>
/// Writes rows as CSV: header, comma, CRLF, UTF-8 without mark; costs with exactly 10 decimal places, other numbers exact, times RFC 3339
/// UTC. The same rows give the same bytes. Source: FOCUS 1.2 "Numeric Format", "Date/Time Format"; RFC 4180.
/// </summary>
internal static class FocusCsv
{
    private static readonly PropertyInfo[] Columns = typeof(FocusRow).GetProperties(BindingFlags.Public | BindingFlags.Instance);

    /// <summary>Writes the rows; the stream stays open.</summary>
    /// <returns>SHA-256 of the bytes, lower-case hex.</returns>
    public static async Task<string> WriteAsync(Stream target, IReadOnlyList<FocusRow> rows, CancellationToken cancellationToken)
    {
        using var hash = SHA256.Create();
        await using (var hashing = new CryptoStream(target, hash, CryptoStreamMode.Write, leaveOpen: true))
        await using (var text = new StreamWriter(hashing, new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: false)))
        await using (var csv = new CsvWriter(text, new CsvConfiguration(CultureInfo.InvariantCulture) { NewLine = "\r\n" }))
        {
            foreach (var column in Columns)
            {
                csv.WriteField(column.Name);
            }

            await csv.NextRecordAsync();
            foreach (var row in rows)
            {
                cancellationToken.ThrowIfCancellationRequested();
                foreach (var column in Columns)
                {
                    csv.WriteField(Text(column, row));
                }

                await csv.NextRecordAsync();
            }
        }

        return Convert.ToHexStringLower(hash.Hash!); // set once the crypto stream is closed
    }

    private static string Text(PropertyInfo column, FocusRow row) => column.GetValue(row) switch
    {
        null => string.Empty,
        decimal cost when column.Name.EndsWith("Cost", StringComparison.Ordinal) =>
            cost.ToString("F" + Rating.CostPlaces, CultureInfo.InvariantCulture),
        decimal number => Public.Money.Format(number),
        DateTimeOffset time => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        var other => (string)other,
    };
}
