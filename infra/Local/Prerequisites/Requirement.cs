using Cloud.Local.Postgres;
using Cloud.Local.Processes;

namespace Cloud.Local.Prerequisites;

/// <summary>Something the machine must have.</summary>
/// <param name="Name">For people.</param>
/// <param name="Packages">Debian packages that bring it; a name that ends in <c>*</c> stands for the newest package whose name matches.</param>
/// <param name="IsMet">Whether it is there.</param>
public sealed record Requirement(string Name, IReadOnlyList<string> Packages, Func<bool> IsMet)
{
    private static readonly string[] LibraryFolders =
        ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib"];

    /// <summary>What <c>./cloud up</c> needs.</summary>
    public static IReadOnlyList<Requirement> ToRun { get; } =
    [
        new($"PostgreSQL {PostgresBinaries.MajorMin} or newer", ["postgresql"], () => PostgresBinaries.Find() is not null),
        new("librocksdb", ["librocksdb*"], () => HasLibrary("librocksdb.so*")),
        new("setsid and setpriv (util-linux)", ["util-linux"], () => HasPrograms("setsid", "setpriv")),
    ];

    /// <summary>What <c>./cloud test</c> needs beyond that.</summary>
    public static IReadOnlyList<Requirement> ToTest { get; } =
    [
        .. ToRun,
        new("the mariadb client", ["mariadb-client"], () => HasPrograms("mariadb", "mariadb-dump")),
        new("Chromium", ["chromium"], () => HasPrograms("chromium")),
        new("Python's gRPC", ["python3-grpcio"], () => Directory.Exists("/usr/lib/python3/dist-packages/grpc")),
        new("curl", ["curl"], () => HasPrograms("curl")),
        new("jq", ["jq"], () => HasPrograms("jq")),
    ];

    /// <summary>What <c>./cloud bench</c> needs beyond running: the loads, and the peers measured beside us.</summary>
    public static IReadOnlyList<Requirement> ToBench { get; } =
    [
        .. ToRun,
        new("sysbench", ["sysbench"], () => HasPrograms("sysbench")),
        new("the MariaDB server", ["mariadb-server"], () => HasPrograms("mariadbd")),
        new("the mariadb client", ["mariadb-client"], () => HasPrograms("mariadb")),
    ];

    private static bool HasPrograms(params string[] programs) => programs.All(program => Shell.Find(program) is not null);

    private static bool HasLibrary(string pattern) =>
        LibraryFolders.Any(folder => Directory.Exists(folder) && Directory.EnumerateFiles(folder, pattern).Any());
}
