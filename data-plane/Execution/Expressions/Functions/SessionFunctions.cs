using System.Security.Cryptography;
using System.Text;
using Cloud.Execution.Types;
using static Cloud.Execution.Expressions.TypedExpressions;

namespace Cloud.Execution.Expressions.Functions;

/// <summary>What a session can ask about itself. Source: MySQL 8.0 Reference Manual §12.16 "Information Functions".</summary>
internal static class SessionFunctions
{
    private const double SleepSecondsMax = 3600;

    public static void AddTo(FunctionSet set)
    {
        Text(set, "VERSION", static context => context.ServerVersion);
        Text(set, "DATABASE", static context => context.Database);
        Text(set, "USER", static context => context.User);
        Text(set, "CURRENT_USER", static context => context.User.Split('@')[0] + "@%");
        Text(set, "CURRENT_ROLE", static _ => "NONE");
        Number(set, "CONNECTION_ID", static context => context.ConnectionId);
        Number(set, "FOUND_ROWS", static context => context.FoundRows);
        set.Add("ROW_COUNT", 0, 0, AsInt64, FunctionSet.Integer, static (f, row) => f.Result.Append(f.Context.RowCount));
        set.Add("LAST_INSERT_ID", 0, 1, arguments => Cast(arguments.Count == 0 ? Zero : arguments[0], FieldType.UnsignedBigInt) is var value
            && arguments.Count == 0
                ? new FunctionExpression("LAST_INSERT_ID", FunctionSet.Unsigned, [], static (f, row) => f.Result.Append(f.Context.LastInsertId), nullIfAnyNull: false)
                : new FunctionExpression("LAST_INSERT_ID", FunctionSet.Unsigned, [value], SetLastInsertId, nullIfAnyNull: true));
        set.Add("UUID", 0, 0, AsText, FieldType.VarChar(36), static (f, row) => f.Result.Append(Encoding.ASCII.GetBytes(NewUuid(f.Context))));
        set.Add("UUID_SHORT", 0, 0, AsText, FunctionSet.Unsigned, static (f, row) => f.Result.Append(f.Context.Random.NextUInt64() >> 1));
        set.Add("SLEEP", 1, 1, AsDouble, FunctionSet.Integer, Sleep);
        set.Add("CHARSET", 1, 1, static arguments => Constant(arguments[0].Type.IsText ? arguments[0].Type.Collation.Charset : "binary"));
        set.Add("COLLATION", 1, 1, static arguments => Constant(arguments[0].Type.IsText ? arguments[0].Type.Collation.Name : "binary"));
        set.Add("COERCIBILITY", 1, 1, static arguments => new ConstantExpression(
            Datum.FromInt64(TypeRules.IsNullType(arguments[0].Type) ? 6 : arguments[0].IsConstant ? 4 : 2), FieldType.BigInt));
        Locks(set);
    }

    private static ConstantExpression Zero { get; } = new(Datum.FromInt64(0), FieldType.BigInt);

    /// <summary>GET_LOCK and its kin always succeed at once for the session that asks: refused, since a lock that does not lock would lie.</summary>
    private static void Locks(FunctionSet set)
    {
        foreach (var name in (string[])["GET_LOCK", "RELEASE_LOCK", "IS_FREE_LOCK", "IS_USED_LOCK", "RELEASE_ALL_LOCKS"])
        {
            set.Add(name, 0, 2, _ => throw new SqlException(1235, "42000", $"This version of MySQL doesn't yet support '{name}()'"));
        }
    }

    private static ConstantExpression Constant(string text) =>
        new(Datum.FromBytes(Encoding.ASCII.GetBytes(text)), FieldType.VarChar(text.Length));

    private static void Text(FunctionSet set, string name, Func<EvaluationContext, string?> read) =>
        set.Add(name, 0, 0, AsText, FieldType.VarChar(64), (f, row) =>
        {
            if (read(f.Context) is { } text)
            {
                f.Result.Append(Encoding.UTF8.GetBytes(text));
            }
            else
            {
                f.Result.AppendNull();
            }
        });

    private static void Number(FunctionSet set, string name, Func<EvaluationContext, ulong> read) =>
        set.Add(name, 0, 0, AsInt64, FunctionSet.Unsigned, (f, row) => f.Result.Append(read(f.Context)));

    private static void SetLastInsertId(FunctionFrame f, int row)
    {
        f.Context.NewLastInsertId = f.Inputs[0].UInt64s[row];
        f.Result.Append(f.Inputs[0].UInt64s[row]);
    }

    /// <summary>A version 1 UUID with a random node and clock sequence, as MySQL's sorts into times. Source: RFC 9562 §5.1.</summary>
    private static string NewUuid(EvaluationContext context)
    {
        const long GregorianTicks = 122_192_928_000_000_000;
        var ticks = (ulong)((context.Clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks + GregorianTicks);
        Span<byte> node = stackalloc byte[8];
        RandomNumberGenerator.Fill(node);
        node[2] |= 1;
        var sequence = 0x8000 | (((node[0] << 8) | node[1]) & 0x3FFF);
        return $"{(uint)ticks:x8}-{(ushort)(ticks >> 32):x4}-{0x1000 | (int)((ticks >> 48) & 0xFFF):x4}-{sequence:x4}-{Convert.ToHexStringLower(node[2..])}";
    }

    private static void Sleep(FunctionFrame f, int row)
    {
        var seconds = f.Double(0, row);
        if (seconds is < 0 or > SleepSecondsMax)
        {
            throw new SqlException(1210, "HY000", "Incorrect arguments to sleep.");
        }

        // The wait blocks its thread: expressions are synchronous, and SLEEP is for people at a prompt.
        var interrupted = f.Context.Cancellation.WaitHandle.WaitOne(TimeSpan.FromSeconds(seconds));
        f.Result.Append(interrupted ? 1L : 0L);
    }
}
