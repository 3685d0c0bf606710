using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Cloud.Node.Status;

/// <summary>
/// Collects the instruments of all meters whose name begins with <c>Cloud.</c> and shows them as Prometheus text.
/// Counters add up,
/// gauges keep their last value, histograms become a sum and a count. Thread-safe. At most <see cref="SeriesMax"/>
/// series are kept.
/// Source: Prometheus, "Exposition formats" (text format 0.0.4).
/// </summary>
internal sealed class MetricsCollector : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Chosen here: a tag with unbounded values must not eat the memory.</summary>
    public const int SeriesMax = 2000;

    private const string MeterPrefix = "Cloud.";

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<(Instrument Instrument, string Tags), Series> _series = new();

    public MetricsCollector()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name.StartsWith(MeterPrefix, StringComparison.Ordinal))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>The text of this moment.</summary>
    public string Render()
    {
        _listener.RecordObservableInstruments();
        var text = new StringBuilder();
        foreach (var group in _series.GroupBy(s => s.Key.Instrument).OrderBy(g => g.Key.Name, StringComparer.Ordinal))
        {
            var name = NameOf(group.Key);
            if (group.Key.Description is { Length: > 0 } help)
            {
                text.Append("# HELP ").Append(name).Append(' ').Append(help.ReplaceLineEndings(" ")).Append('\n');
            }

            text.Append("# TYPE ").Append(name).Append(' ').Append(TypeOf(group.Key)).Append('\n');
            foreach (var ((_, tags), series) in group)
            {
                series.Append(text, name, tags);
            }
        }

        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var key = (instrument, TagsText(tags));
        if (!_series.TryGetValue(key, out var series))
        {
            if (_series.Count >= SeriesMax)
            {
                return;
            }

            series = _series.GetOrAdd(key, static k => new Series(KindOf(k.Instrument)));
        }

        series.Record(value);
    }

    private static SeriesKind KindOf(Instrument instrument)
    {
        var type = instrument.GetType();
        var generic = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        if (generic == typeof(Histogram<>))
        {
            return SeriesKind.Summary;
        }

        return generic == typeof(Counter<>) || generic == typeof(UpDownCounter<>) ? SeriesKind.Sum : SeriesKind.Last;
    }

    private static string TypeOf(Instrument instrument)
    {
        var type = instrument.GetType();
        var generic = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        if (generic == typeof(Histogram<>))
        {
            return "summary";
        }

        return generic == typeof(Counter<>) || generic == typeof(ObservableCounter<>) ? "counter" : "gauge";
    }

    private static string NameOf(Instrument instrument)
    {
        var name = new StringBuilder(instrument.Name.Length + 6);
        foreach (var character in instrument.Name)
        {
            name.Append(char.IsAsciiLetterOrDigit(character) || character == ':' ? character : '_');
        }

        var counts = string.Equals(TypeOf(instrument), "counter", StringComparison.Ordinal);
        return counts && !instrument.Name.EndsWith("_total", StringComparison.Ordinal) ? name.Append("_total").ToString() : name.ToString();
    }

    private static string TagsText(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
        {
            return string.Empty;
        }

        var text = new StringBuilder("{");
        foreach (var (name, value) in tags)
        {
            var shown = Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty;
            text.Append(text.Length > 1 ? "," : string.Empty).Append(name).Append("=\"")
                .Append(shown.Replace("\\", @"\\").Replace("\"", "\\\"").Replace("\n", "\\n")).Append('"');
        }

        return text.Append('}').ToString();
    }

    private enum SeriesKind
    {
        Sum,
        Last,
        Summary,
    }

    private sealed class Series(SeriesKind kind)
    {
        private readonly Lock _lock = new();
        private double _value;
        private long _count;

        public void Record(double value)
        {
            lock (_lock)
            {
                _value = kind == SeriesKind.Last ? value : _value + value;
                _count++;
            }
        }

        public void Append(StringBuilder text, string name, string tags)
        {
            double value;
            long count;
            lock (_lock)
            {
                (value, count) = (_value, _count);
            }

            text.Append(name).Append(kind == SeriesKind.Summary ? "_sum" : string.Empty).Append(tags).Append(' ')
                .Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
            if (kind == SeriesKind.Summary)
            {
                text.Append(name).Append("_count").Append(tags).Append(' ').Append(count).Append('\n');
            }
        }
    }
}
