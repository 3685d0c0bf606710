using System.Text.Json;

namespace Cloud.Node.Logging;

/// <summary>
/// Writes each log entry as one line of JSON: <c>time</c>, <c>level</c>, <c>logger</c>, <c>message</c>, the message's
/// named values under
/// <c>values</c>, and <c>exception</c>. Thread-safe; an entry is written before the call returns, so that a crash loses none.
/// </summary>
internal sealed class LineLoggerProvider(Stream output, LogLevel minimum, TimeProvider time) : ILoggerProvider
{
    private readonly Lock _lock = new();
    private readonly MemoryStream _line = new();

    /// <summary>The level that CLOUD_LOG_LEVEL names; Information when it names none.</summary>
    public static LogLevel LevelOf(string? text) =>
        Enum.TryParse<LogLevel>(text, ignoreCase: true, out var level) ? level : LogLevel.Information;

    public ILogger CreateLogger(string categoryName) => new LineLogger(this, categoryName);

    public void Dispose()
    {
        lock (_lock)
        {
            _line.Dispose();
            output.Flush();
        }
    }

    private bool IsEnabled(string category, LogLevel level) =>
        level != LogLevel.None && level >= minimum
        && (level >= LogLevel.Warning || !category.StartsWith("Microsoft.", StringComparison.Ordinal));

    private void Write<TState>(string category, LogLevel level, TState state, string message, Exception? exception)
    {
        lock (_lock)
        {
            _line.SetLength(0);
            using (var json = new Utf8JsonWriter(_line))
            {
                json.WriteStartObject();
                json.WriteString("time", time.GetUtcNow().UtcDateTime);
                json.WriteString("level", level.ToString());
                json.WriteString("logger", category);
                json.WriteString("message", message);
                WriteValues(json, state);
                if (exception is not null)
                {
                    json.WriteString("exception", exception.ToString());
                }

                json.WriteEndObject();
            }

            _line.WriteByte((byte)'\n');
            output.Write(_line.GetBuffer().AsSpan(0, (int)_line.Length));
            output.Flush();
        }
    }

    private static void WriteValues<TState>(Utf8JsonWriter json, TState state)
    {
        if (state is not IReadOnlyList<KeyValuePair<string, object?>> { Count: > 1 } values)
        {
            return;
        }

        json.WriteStartObject("values");
        foreach (var (name, value) in values)
        {
            if (!string.Equals(name, "{OriginalFormat}", StringComparison.Ordinal))
            {
                json.WriteString(name, Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        json.WriteEndObject();
    }

    private sealed class LineLogger(LineLoggerProvider provider, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => provider.IsEnabled(category, logLevel);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                provider.Write(category, logLevel, state, formatter(state, exception), exception);
            }
        }
    }
}

/// <summary>Gives every category a logger of one provider, without the weight of the usual factory.</summary>
internal sealed class LineLoggerFactory(LineLoggerProvider provider) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => provider.CreateLogger(categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("There is one provider.");

    public void Dispose() => provider.Dispose();
}
