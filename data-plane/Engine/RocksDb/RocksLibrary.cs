using System.Reflection;
using System.Runtime.InteropServices;

namespace Cloud.Engine.RocksDb;

/// <summary>
/// Finds the system's RocksDB, whose soname carries the version and so differs by distribution.
/// Source: Debian 12's librocksdb7.8; the names of other versions follow the same scheme. <c>rocksdb_flush_wal</c> sets
/// the oldest version.
/// </summary>
internal static class RocksLibrary
{
    /// <summary>The name that the imports use.</summary>
    internal const string Name = "rocksdb";

    /// <summary>Overrides the search with a path.</summary>
    internal const string PathVariable = "CLOUD_ROCKSDB_LIBRARY";

    private static readonly Lock Gate = new();
    private static nint _handle;

    /// <summary>
    /// Every name that is tried, in order: newest first, the one that a developer's package installs last.
    /// </summary>
    internal static IEnumerable<string> Candidates()
    {
        for (var minor = 20; minor >= 0; minor--)
        {
            yield return $"librocksdb.so.10.{minor}";
        }

        for (var major = 10; major >= 8; major--)
        {
            yield return $"librocksdb.so.{major}";
        }

        for (var minor = 11; minor >= 0; minor--)
        {
            yield return $"librocksdb.so.9.{minor}";
        }

        for (var minor = 11; minor >= 0; minor--)
        {
            yield return $"librocksdb.so.8.{minor}";
        }

        for (var minor = 10; minor >= 7; minor--)
        {
            yield return $"librocksdb.so.7.{minor}";
        }

        yield return "librocksdb.so";
        yield return "librocksdb.dylib";
    }

    /// <summary>Loads the library once and routes the imports of this assembly to it.</summary>
    /// <exception cref="EngineException">There is none on this machine.</exception>
    internal static void Load()
    {
        lock (Gate)
        {
            if (_handle == 0)
            {
                _handle = Find(Environment.GetEnvironmentVariable(PathVariable));
                NativeLibrary.SetDllImportResolver(typeof(RocksLibrary).Assembly, Resolve);
            }
        }
    }

    /// <summary>The handle of the first library that loads.</summary>
    internal static nint Find(string? path)
    {
        if (!string.IsNullOrEmpty(path))
        {
            return NativeLibrary.TryLoad(path, out var chosen)
                ? chosen
                : throw new EngineException(
                    $"{PathVariable} names {path}, which cannot be loaded: correct or unset it");
        }

        foreach (var candidate in Candidates())
        {
            if (NativeLibrary.TryLoad(candidate, out var handle))
            {
                return handle;
            }
        }

        throw new EngineException(
            "RocksDB (7.7 or newer) is not installed. On Debian 12: apt-get install librocksdb7.8; on other Debian or Ubuntu releases: " +
            $"apt-get install librocksdb-dev; elsewhere set {PathVariable} to the path of librocksdb.so");
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath) =>
        name == Name ? _handle : 0;
}
