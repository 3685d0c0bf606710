using System.Threading.Channels;
using Cloud.Rpc;
using Cloud.Rpc.Proto.Tikvpb;
using Request = Cloud.Rpc.Proto.Tikvpb.BatchCommandsRequest.Types.Request;
using Response = Cloud.Rpc.Proto.Tikvpb.BatchCommandsResponse.Types.Response;

namespace Cloud.Storage.Service;

/// <summary>
/// One <c>BatchCommands</c> stream: requests are begun in the order in which they come and answered in the order in
/// which they end, those that are ready at the same time in one message. A fault of the store ends the stream with its
/// error.
/// </summary>
internal sealed class BatchCommandStream(
    TikvHandlers handlers, IRpcReader<BatchCommandsRequest> requests, IRpcWriter<BatchCommandsResponse> responses)
{
    /// <summary>Requests of one stream under way; more wait in the transport. Chosen here.</summary>
    private const int UnderWayMax = 4096;

    /// <summary>Source: client-go's <c>MaxBatchSize</c>.</summary>
    private const int AnswersPerMessageMax = 128;

    private const int MessageBytes = 2 * 1024 * 1024;

    private readonly Channel<Answer> _answers = Channel.CreateUnbounded<Answer>(
        new UnboundedChannelOptions { SingleReader = true });
    private readonly SemaphoreSlim _places = new(UnderWayMax);

    internal async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var writing = WriteAsync(ending);
        try
        {
            await ReadAsync(ending.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The writer failed; its error is what the stream ends with.
        }
        finally
        {
            for (var i = 0; i < UnderWayMax; i++)
            {
                await _places.WaitAsync(CancellationToken.None); // Until every request is answered.
            }

            _answers.Writer.TryComplete();
            await writing;
            _places.Dispose();
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        while (await requests.ReadAsync(cancellationToken) is { } batch)
        {
            for (var i = 0; i < batch.Requests.Count; i++)
            {
                await _places.WaitAsync(cancellationToken);
                Begin(batch.Requests[i], i < batch.RequestIds.Count ? batch.RequestIds[i] : 0, cancellationToken);
            }
        }
    }

    private void Begin(Request request, ulong id, CancellationToken cancellationToken)
    {
        ValueTask<Response> pending;
        try
        {
            pending = handlers.AnswerAsync(request, cancellationToken);
        }
        catch
        {
            _places.Release();
            throw;
        }

        if (pending.IsCompletedSuccessfully)
        {
            _answers.Writer.TryWrite(new Answer(id, pending.Result, null));
            _places.Release();
        }
        else
        {
            _ = EndAsync(id, pending); // Awaited through its place.
        }
    }

    private async Task EndAsync(ulong id, ValueTask<Response> pending)
    {
        try
        {
            _answers.Writer.TryWrite(new Answer(id, await pending, null));
        }
        catch (Exception error)
        {
            _answers.Writer.TryWrite(new Answer(id, null, error)); // Thrown again by the writer.
        }
        finally
        {
            _places.Release();
        }
    }

    private async Task WriteAsync(CancellationTokenSource ending)
    {
        try
        {
            while (await _answers.Reader.WaitToReadAsync(ending.Token))
            {
                await responses.WriteAsync(Gather(), ending.Token);
            }
        }
        catch
        {
            await ending.CancelAsync();
            throw;
        }
    }

    private BatchCommandsResponse Gather()
    {
        var message = new BatchCommandsResponse();
        var bytes = 0;
        while (message.Responses.Count < AnswersPerMessageMax && bytes < MessageBytes
            && _answers.Reader.TryRead(out var answer))
        {
            if (answer.Response is null)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(answer.Error!); // One of the two is there.
            }

            message.Responses.Add(answer.Response);
            message.RequestIds.Add(answer.Id);
            bytes += SizeOf(answer.Response);
        }

        return message;
    }

    /// <summary>About; only what can be large is measured.</summary>
    private static int SizeOf(Response response) => response.CmdCase switch
    {
        Response.CmdOneofCase.Get => 64 + response.Get.Value.Length,
        Response.CmdOneofCase.RawGet => 64 + response.RawGet.Value.Length,
        Response.CmdOneofCase.Prewrite or Response.CmdOneofCase.Commit or Response.CmdOneofCase.RawPut => 64,
        _ => response.CalculateSize(),
    };

    private readonly record struct Answer(ulong Id, Response? Response, Exception? Error);
}
