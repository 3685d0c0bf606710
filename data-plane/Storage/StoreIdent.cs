using System.Text.Json;
using Cloud.Engine;

namespace Cloud.Storage;

/// <summary>
/// The file <c>store.json</c> that says which store of which cluster a data folder belongs to. Written once, before the
/// store is known to PD; a folder of another cluster or format is refused, since opening it would mix data.
/// </summary>
/// <param name="FormatVersion">Of the whole data folder.</param>
/// <param name="ClusterId">PD's id of the cluster.</param>
/// <param name="StoreId">Never used again for another store.</param>
internal sealed record StoreIdent(int FormatVersion, ulong ClusterId, ulong StoreId)
{
    internal const int CurrentFormatVersion = 1;

    private const string FileName = "store.json";
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The ident of a folder; null when it has none yet.</summary>
    /// <exception cref="EngineException">It belongs to another cluster, or another version wrote it, or it is
    /// damaged.</exception>
    internal static StoreIdent? Load(string directory, ulong clusterId)
    {
        var path = Path.Combine(directory, FileName);
        if (!File.Exists(path))
        {
            return null;
        }

        StoreIdent? ident;
        try
        {
            ident = JsonSerializer.Deserialize<StoreIdent>(File.ReadAllBytes(path), Options);
        }
        catch (JsonException error)
        {
            throw new EngineException(
                $"{path} is damaged ({error.Message}): restore it from a backup of this store", error);
        }

        if (ident is null || ident.FormatVersion != CurrentFormatVersion)
        {
            throw new EngineException(
                $"{path} has format {ident?.FormatVersion ?? 0}; this build reads format {CurrentFormatVersion}: start the version that wrote it");
        }

        return ident.ClusterId == clusterId
            ? ident
            : throw new EngineException(
                $"{directory} belongs to store {ident.StoreId} of cluster {ident.ClusterId}, not to cluster {clusterId}: " +
                "give this store an empty folder, or configure the cluster that the folder belongs to");
    }

    /// <summary>Writes the ident so that a crash leaves either none or all of it.</summary>
    internal void Save(string directory)
    {
        var path = Path.Combine(directory, FileName);
        var temporary = path + ".new";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(file, this, Options);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
        DurableFiles.SyncDirectory(directory);
    }
}
