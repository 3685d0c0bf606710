using System.Text.Json;

namespace Cloud.Portal.Pages.Clusters;

/// <summary>
/// An idempotency key that lasts as long as the intent: the same for every attempt with the same content, another as soon as the
/// content changes, because the API refuses one key for two requests.
/// </summary>
internal sealed class IntentKey
{
    private string? _content;
    private string _key = "";

    public string For(object content)
    {
        var text = JsonSerializer.Serialize(content, content.GetType());
        if (text != _content)
        {
            _content = text;
            _key = Guid.NewGuid().ToString("N");
        }

        return _key;
    }
}
