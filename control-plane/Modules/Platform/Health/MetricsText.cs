using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Cloud.Modules.Platform.Health;

/// <summary>
/// Collects System.Diagnostics meters and writes them as Prometheus text. Listens to the meters of the control plane
/// (<c>Cloud.*</c>), Kestrel, ASP.NET Core hosting, Npgsql and the runtime. Thread-safe.
/// Source: Prometheus text exposition format 0.0.4. Histograms are written as summaries of count and sum.
/// </summary>
internal sealed class MetricsText : IDisposable
{
    /// <summary>Label combinations beyond this are dropped, so that no caller can grow the table.</summary>
    private const int SeriesMax = 5_000;

    private static readonly string[] Meters =
        ["Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Npgsql", "System.Runtime"];

    private readonly ConcurrentDictionary<Series, Value> _values = new();
    private readonly MeterListener _listener;

    public MetricsText()
    {
        _listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name.StartsWith("Cloud.", StringComparison.Ordinal) || Meters.Contains(instrument.Meter.Name))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<float>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>The figures now, one metric family after the other, by name.</summary>
    public string Write()
    {
        _listener.RecordObservableInstruments();
        var text = new StringBuilder();
        foreach (var family in _values.GroupBy(pair => pair.Key.Name).OrderBy(family => family.Key, StringComparer.Ordinal))
        {
            var kind = family.First().Key.Kind;
            text.Append("# TYPE ").Append(family.Key).Append(' ').Append(kind).Append('\n');
            foreach (var (series, value) in family.OrderBy(pair => pair.Key.Labels, StringComparer.Ordinal))
            {
                Append(text, series, value);
            }
        }

        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    private static void Append(StringBuilder text, Series series, Value value)
    {
        var (count, sum) = value.Read();
        if (series.Kind == "summary")
        {
            Line(text, series.Name + "_count", series.Labels, count);
            Line(text, series.Name + "_sum", series.Labels, sum);
        }
        else
        {
            Line(text, series.Name, series.Labels, sum);
        }
    }

    private static void Line(StringBuilder text, string name, string labels, double value) => text
        .Append(name).Append(labels).Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var (kind, isDelta) = KindOf(instrument);
        var series = new Series(NameOf(instrument, kind), kind, LabelsOf(tags));
        if (!_values.TryGetValue(series, out var current))
        {
            if (_values.Count >= SeriesMax)
            {
                return;
            }

            current = _values.GetOrAdd(series, _ => new Value());
        }

        current.Record(value, isDelta);
    }

    /// <summary>Observable instruments report totals, the others what was added.</summary>
    private static (string Kind, bool IsDelta) KindOf(Instrument instrument)
    {
        var type = instrument.GetType().Name;
        var isObservable = instrument.IsObservable;
        return type.Contains("Histogram", StringComparison.Ordinal) ? ("summary", true)
            : type.Contains("UpDown", StringComparison.Ordinal) || type.Contains("Gauge", StringComparison.Ordinal)
                ? ("gauge", !isObservable && !type.StartsWith("Gauge", StringComparison.Ordinal))
                : ("counter", !isObservable);
    }

    private static string NameOf(Instrument instrument, string kind)
    {
        var name = new StringBuilder(Sanitize(instrument.Name));
        if (instrument.Unit == "s")
        {
            name.Append("_seconds");
        }
        else if (instrument.Unit is "By")
        {
            name.Append("_bytes");
        }

        return name.Append(kind == "counter" ? "_total" : string.Empty).ToString();
    }

    private static string LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
        {
            return string.Empty;
        }

        var text = new StringBuilder("{");
        foreach (var (name, value) in tags)
        {
            text.Append(text.Length > 1 ? "," : string.Empty).Append(Sanitize(name)).Append("=\"");
            text.Append(value?.ToString()?.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n")).Append('"');
        }

        return text.Append('}').ToString();
    }

    private static string Sanitize(string name) =>
        string.Concat(name.Select(character => char.IsAsciiLetterOrDigit(character) ? character : '_'));

    private sealed record Series(string Name, string Kind, string Labels);

    private sealed class Value
    {
        private readonly Lock _gate = new();
        private double _sum;
        private long _count;

        public void Record(double value, bool isDelta)
        {
            lock (_gate)
            {
                _sum = isDelta ? _sum + value : value;
                _count++;
            }
        }

        public (double Count, double Sum) Read()
        {
            lock (_gate)
            {
                return (_count, _sum);
            }
        }
    }
}
