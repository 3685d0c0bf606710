using Cloud.Kernel;
using Cloud.Modules.Billing.Data;
using Cloud.Modules.Billing.Domain;
using Cloud.Modules.Billing.Focus;
using Cloud.Modules.Billing.Public;
using Cloud.Modules.Platform;

namespace Cloud.Modules.Billing;

/// <summary>
/// The files of exports: <c>CLOUD_HOME/exports/&lt;organization&gt;/&lt;export&gt;/&lt;name&gt;</c>. A file appears under its name only when it is
/// whole. Hosts that split the roles must share this folder.
/// </summary>
internal sealed class ExportFiles(CloudSettings settings)
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Writes the month's rows, replacing an earlier try.</summary>
    public async Task<ExportFile> WriteAsync(
        BillingExport export, FocusAccount account, Invoice invoice, Bill bill, CancellationToken cancellationToken)
    {
        var name = $"{export.Format}-{export.Month}.{export.Encoding}";
        var path = PathOf(export.OrganizationId, export.Id, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, Private); // it lies in a folder
        var rows = FocusRows.Of(account, invoice, bill);
        var unfinished = path + ".new";
        string sha256;
        await using (var file = new FileStream(unfinished, FileMode.Create, FileAccess.Write))
        {
            sha256 = await FocusCsv.WriteAsync(file, rows, cancellationToken);
            file.Flush(flushToDisk: true);
        }

        File.Move(unfinished, path, overwrite: true);
        return new ExportFile(name, sha256, rows.Count, Money.Format(rows.Sum(row => row.BilledCost)));
    }

    /// <param name="name">One that the export lists, never a caller's text.</param>
    public string PathOf(OrganizationId organization, BillingExportId export, string name) =>
        Path.Combine(settings.Home, "exports", organization.ToString(), export.ToString(), name);
}
