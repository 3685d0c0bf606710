using Cloud.Portal.Api;
using Microsoft.AspNetCore.Components;

namespace Cloud.Portal.Pages;

/// <summary>What pages of the console share: the end of their life as a token, and one place for the problem they show.</summary>
public abstract class ConsolePage : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _gone = new();

    /// <summary>Cancelled when the person left the page.</summary>
    protected CancellationToken Gone => _gone.Token;

    /// <summary>Why the page has no data; null when it has, or is still loading.</summary>
    protected Problem? Problem { get; set; }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends what the page still waits for.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing && !_gone.IsCancellationRequested)
        {
            _gone.Cancel();
            _gone.Dispose();
        }
    }
}
