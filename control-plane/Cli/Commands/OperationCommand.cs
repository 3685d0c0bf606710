using System.CommandLine;
using Cloud.ApiClient;

namespace Cloud.Cli.Commands;

/// <summary><c>cloudctl operation …</c></summary>
internal static class OperationCommand
{
    public static Command Create() => new("operation", "Work that goes on.") { Wait() };

    /// <summary>Waits, tells the person of each step, and explains a failure.</summary>
    /// <returns>0 when it succeeded, 1 when not.</returns>
    public static async Task<int> WaitAsync(Session session, string id, CancellationToken cancellationToken)
    {
        var told = new HashSet<string>(StringComparer.Ordinal);
        var ended = await session.Client.WaitAsync(id, Tell, cancellationToken);
        if (ended.State == OperationStateValues.Succeeded)
        {
            return 0;
        }

        Output.Say($"{ended.Kind} {ended.State}: {ended.Error?.Detail ?? "no reason was given"}");
        return 1;

        void Tell(Operation seen)
        {
            foreach (var step in seen.Steps.Where(step => told.Add($"{step.Name} {step.State}")))
            {
                Output.Say($"{seen.Percent,3} %  {step.Name}: {step.State}");
            }
        }
    }

    private static Command Wait()
    {
        var id = new Argument<string>("operation") { Description = "Id, op_…" };
        var command = new Command("wait", "Wait until an operation has ended.") { id };
        command.SetAction(async (parse, cancellationToken) =>
        {
            using var session = Session.Open(parse);
            return await WaitAsync(session, parse.GetValue(id)!, cancellationToken); // the parser demands it
        });
        return command;
    }
}
