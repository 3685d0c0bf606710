using System.Buffers;
using Cloud.Execution.Chunks;
using Cloud.Execution.Expressions;
using Cloud.Execution.Types;
using Cloud.Kernel;
using Cloud.MySql.Protocol;

namespace Cloud.MySql.Server;

/// <summary>
/// Sends the results of one request. Rows go from chunks into the connection's buffer without a copy in between; the
/// buffer is flushed
/// when it is large, which is how a slow client holds back the executor, and at the end of the request.
/// Source: MySQL 8.0 source documentation, "Text Resultset", "OK_Packet", "EOF_Packet", "ERR_Packet".
/// </summary>
internal sealed class ResultWriter(PacketChannel channel, PacketBuilder builder) : IMySqlResults
{
    private ColumnEncoder[] _encoders = [];

    /// <summary>What client and server agreed upon.</summary>
    public Capabilities Capabilities { get; set; }

    /// <summary>Sent as the character set of text columns.</summary>
    public ushort CollationId { get; set; } = Collation.DefaultId;

    /// <summary>Whether rows are sent in the binary protocol.</summary>
    public bool Binary { get; set; }

    /// <summary>Watches the current database, so that the client can be told of its change.</summary>
    public IMySqlSession? Session { get; set; }

    /// <summary>The database that the client knows of.</summary>
    public string? KnownDatabase { get; set; }

    private bool DeprecateEof => Capabilities.HasFlag(Capabilities.DeprecateEof);

    public async ValueTask ColumnsAsync(IReadOnlyList<ColumnDefinition> columns, CancellationToken cancellationToken)
    {
        Invariant.Require(columns.Count > 0, "a result set has columns");
        channel.Write(builder.Start().LengthEncoded((ulong)columns.Count).Payload.Span);
        WriteDefinitions(columns, Session?.Status ?? ServerStatus.None);
        _encoders = new ColumnEncoder[columns.Count];
        for (var i = 0; i < _encoders.Length; i++)
        {
            _encoders[i] = new ColumnEncoder(columns[i].Type);
        }

        await FlushIfLargeAsync(cancellationToken);
    }

    public async ValueTask RowsAsync(Chunk rows, CancellationToken cancellationToken)
    {
        Invariant.Require(rows.ColumnCount == _encoders.Length, "a row has the columns that were announced");
        for (var i = 0; i < rows.RowCount; i++)
        {
            WriteRow(rows, rows.RowAt(i));
            if (channel.ShouldFlush)
            {
                await channel.FlushAsync(cancellationToken);
            }
        }
    }

    public ValueTask EndAsync(int warnings, ServerStatus status, CancellationToken cancellationToken)
    {
        WriteEof(warnings, status);
        return FlushIfLargeAsync(cancellationToken);
    }

    public ValueTask DoneAsync(StatementOutcome outcome, CancellationToken cancellationToken)
    {
        WriteOk(outcome);
        return FlushIfLargeAsync(cancellationToken);
    }

    /// <summary>Queues an OK packet for a command that changes no rows.</summary>
    public void WriteOk(ServerStatus status) => WriteOk(new StatementOutcome(0, 0, 0, status, string.Empty));

    public void WriteOk(StatementOutcome outcome)
    {
        builder.Start().Byte(Wire.OkHeader);
        WriteOkBody(outcome.AffectedRows, outcome.LastInsertId, outcome.Status, outcome.Warnings, outcome.Message);
    }

    /// <summary>Queues the packet that ends rows or column definitions.</summary>
    public void WriteEof(int warnings, ServerStatus status)
    {
        builder.Start().Byte(Wire.EofHeader);
        if (DeprecateEof)
        {
            WriteOkBody(0, 0, status, warnings, string.Empty);
            return;
        }

        channel.Write(builder.UInt16(Math.Min(warnings, ushort.MaxValue)).UInt16((ushort)status).Payload.Span);
    }

    public void WriteError(SqlException error) => WriteError(error.Number, error.SqlState, error.Message);

    public void WriteError(int number, string sqlState, string message)
    {
        Invariant.Require(sqlState.Length == 5, $"an SQL state has 5 characters: {sqlState}");
        builder.Start().Byte(Wire.ErrorHeader).UInt16(number);
        if (Capabilities.HasFlag(Capabilities.Protocol41))
        {
            builder.Byte((byte)'#').Text(sqlState);
        }

        // Clients reserve 512 bytes for a message.
        channel.Write(builder.Text(message.Length <= 500 ? message : message[..500]).Payload.Span);
    }

    /// <summary>Queues column definitions, with an EOF packet behind them where the client expects one.</summary>
    public void WriteDefinitions(IReadOnlyList<ColumnDefinition> columns, ServerStatus status, bool withDefaults = false)
    {
        foreach (var column in columns)
        {
            WriteDefinition(column, withDefaults);
        }

        if (!DeprecateEof)
        {
            WriteEof(0, status);
        }
    }

    private void WriteDefinition(ColumnDefinition column, bool withDefault)
    {
        var type = column.Type;
        builder.Start()
            .LengthEncodedText("def")
            .LengthEncodedText(column.Schema)
            .LengthEncodedText(column.Table)
            .LengthEncodedText(column.OriginalTable)
            .LengthEncodedText(column.Name)
            .LengthEncodedText(column.OriginalName)
            .Byte(0x0C)
            .UInt16(type.IsText ? CollationId : Collation.BinaryId)
            .UInt32(ColumnLength.Of(type))
            .Byte((byte)type.Type)
            .UInt16((int)type.Flags)
            .Byte((byte)(type.Decimals < 0 ? 0 : type.Decimals))
            .Zeros(2);
        if (withDefault)
        {
            builder.Byte(Wire.NullColumn);
        }

        channel.Write(builder.Payload.Span);
    }

    private void WriteOkBody(ulong affectedRows, ulong lastInsertId, ServerStatus status, int warnings, string message)
    {
        var tracks = Capabilities.HasFlag(Capabilities.SessionTrack);
        var database = Session?.CurrentDatabase;
        var changed = tracks && !string.Equals(database, KnownDatabase, StringComparison.Ordinal);
        KnownDatabase = database;
        builder.LengthEncoded(affectedRows)
            .LengthEncoded(lastInsertId)
            .UInt16((int)(changed ? status | ServerStatus.SessionStateChanged : status))
            .UInt16(Math.Min(warnings, ushort.MaxValue));
        if (!tracks)
        {
            builder.Text(message);
        }
        else if (changed || message.Length > 0)
        {
            builder.LengthEncodedText(message);
        }

        if (changed)
        {
            var name = System.Text.Encoding.UTF8.GetBytes(database ?? string.Empty);
            Span<byte> prefix = stackalloc byte[9];
            var prefixLength = PacketBuilder.WriteLengthEncoded(prefix, (ulong)name.Length);
            var entryLength = prefixLength + name.Length;
            Span<byte> entryPrefix = stackalloc byte[9];
            var entryPrefixLength = PacketBuilder.WriteLengthEncoded(entryPrefix, (ulong)entryLength);
            builder.LengthEncoded((ulong)(1 + entryPrefixLength + entryLength))
                .Byte(Wire.SessionTrackSchema)
                .Bytes(entryPrefix[..entryPrefixLength])
                .LengthEncodedBytes(name);
        }

        channel.Write(builder.Payload.Span);
    }

    // PERF-CRITICAL: one pass over the columns, no allocation for rows under 16 MiB.
    private void WriteRow(Chunk rows, int row)
    {
        long bytesMax = 1 + ((_encoders.Length + 9) / 8);
        for (var i = 0; i < _encoders.Length; i++)
        {
            bytesMax += _encoders[i].BytesMax(rows[i], row);
        }

        if (bytesMax < Wire.PacketPayloadMax)
        {
            var span = channel.Begin((int)bytesMax);
            channel.End(Binary ? EncodeBinary(rows, row, span) : EncodeText(rows, row, span));
            return;
        }

        if (bytesMax > Array.MaxLength)
        {
            throw new SqlException(1153, "08S01", "Got a packet bigger than 'max_allowed_packet' bytes: one row is over 2 GiB; select less of it.");
        }

        var buffer = ArrayPool<byte>.Shared.Rent((int)bytesMax);
        try
        {
            var length = Binary ? EncodeBinary(rows, row, buffer) : EncodeText(rows, row, buffer);
            channel.Write(buffer.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private int EncodeText(Chunk rows, int row, Span<byte> destination)
    {
        var at = 0;
        for (var i = 0; i < _encoders.Length; i++)
        {
            var column = rows[i];
            if (column.IsNull(row))
            {
                destination[at++] = Wire.NullColumn;
            }
            else
            {
                at += _encoders[i].WriteText(column, row, destination[at..]);
            }
        }

        return at;
    }

    private int EncodeBinary(Chunk rows, int row, Span<byte> destination)
    {
        // The bitmap of NULLs begins at its third bit.
        const int bitmapOffset = 2;
        var bitmap = destination.Slice(1, (_encoders.Length + 7 + bitmapOffset) / 8);
        destination[0] = 0;
        bitmap.Clear();
        var at = 1 + bitmap.Length;
        for (var i = 0; i < _encoders.Length; i++)
        {
            var column = rows[i];
            if (column.IsNull(row))
            {
                bitmap[(i + bitmapOffset) / 8] |= (byte)(1 << ((i + bitmapOffset) % 8));
            }
            else
            {
                at += _encoders[i].WriteBinary(column, row, destination[at..]);
            }
        }

        return at;
    }

    private ValueTask FlushIfLargeAsync(CancellationToken cancellationToken) =>
        channel.ShouldFlush ? channel.FlushAsync(cancellationToken) : ValueTask.CompletedTask;
}
