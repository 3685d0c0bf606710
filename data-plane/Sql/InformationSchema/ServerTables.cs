using Cloud.Execution.Types;
using Cloud.Sql.Planning;
using Cloud.Sql.Sessions;

namespace Cloud.Sql.InformationSchema;

/// <summary>Tables about the server: engines, character sets, sessions.</summary>
internal static class ServerTables
{
    public static VirtualTable Engines() => new(
        "ENGINES",
        Cell.Columns("ENGINE SUPPORT COMMENT TRANSACTIONS XA SAVEPOINTS"),
        () => [[Cell.Text("InnoDB"), Cell.Text("DEFAULT"), Cell.Text("Distributed transactional storage"), Cell.Text("YES"), Cell.Text("NO"), Cell.Text("YES")]]);

    public static VirtualTable CharacterSets() => new(
        "CHARACTER_SETS",
        Cell.Columns("CHARACTER_SET_NAME DEFAULT_COLLATE_NAME DESCRIPTION #MAXLEN"),
        () => Collation.All.Where(collation => collation.IsDefault).Select(IReadOnlyList<Datum> (collation) =>
        [
            Cell.Text(collation.Charset), Cell.Text(collation.Name), Cell.Text(Description(collation.Charset)), Cell.Number(collation.BytesPerCharacterMax),
        ]));

    public static VirtualTable Collations() => new(
        "COLLATIONS",
        Cell.Columns("COLLATION_NAME CHARACTER_SET_NAME #ID IS_DEFAULT IS_COMPILED #SORTLEN PAD_ATTRIBUTE"),
        () => Collation.All.Select(IReadOnlyList<Datum> (collation) =>
        [
            Cell.Text(collation.Name), Cell.Text(collation.Charset), Cell.Number(collation.Id), Cell.Text(collation.IsDefault ? "Yes" : string.Empty),
            Cell.Text("Yes"), Cell.Number(collation.IsBinary ? 1 : 0), Cell.Text(collation.PadSpace ? "PAD SPACE" : "NO PAD"),
        ]));

    public static VirtualTable CollationApplicability() => new(
        "COLLATION_CHARACTER_SET_APPLICABILITY",
        Cell.Columns("COLLATION_NAME CHARACTER_SET_NAME"),
        () => Collation.All.Select(IReadOnlyList<Datum> (collation) => [Cell.Text(collation.Name), Cell.Text(collation.Charset)]));

    public static VirtualTable ProcessList(SqlSession session) => new(
        "PROCESSLIST",
        Cell.Columns("#ID USER HOST DB COMMAND #TIME STATE INFO"),
        () => session.Engine.Sessions.Where(other => !session.Options.ReadOnly || other.Options.User == session.Options.User).Select(IReadOnlyList<Datum> (other) =>
        {
            var text = other.RunningText;
            var seconds = text is null ? 0 : (long)session.Engine.Clock.GetElapsedTime(other.RunningSince).TotalSeconds;
            return
            [
                Cell.Number(other.ConnectionId), Cell.Text(other.Options.User), Cell.Text(other.Options.RemoteAddress), Cell.Text(other.CurrentDatabase),
                Cell.Text(text is null ? "Sleep" : "Query"), Cell.Number(seconds), Cell.Text(text is null ? string.Empty : "executing"), Cell.Text(text),
            ];
        }));

    private static string Description(string charset) => charset switch
    {
        "utf8mb4" => "UTF-8 Unicode",
        "utf8mb3" => "UTF-8 Unicode",
        "binary" => "Binary pseudo charset",
        "latin1" => "cp1252 West European",
        _ => charset,
    };
}
