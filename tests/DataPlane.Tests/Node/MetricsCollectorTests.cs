using System.Diagnostics.Metrics;
using Cloud.Node.Status;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Node;

public sealed class MetricsCollectorTests
{
    [Fact]
    public void Instruments_of_our_meters_show_as_Prometheus_text()
    {
        using var collector = new MetricsCollector();
        using var meter = new Meter("Cloud.MetricsCollectorTests");
        using var foreign = new Meter("Foreign.MetricsCollectorTests");
        var counter = meter.CreateCounter<long>("test.requests", description: "Requests\nby kind.");
        var histogram = meter.CreateHistogram<double>("test_seconds");
        meter.CreateObservableGauge("test_depth", () => 7);
        foreign.CreateCounter<long>("test_foreign").Add(1);
        counter.Add(2, new KeyValuePair<string, object?>("kind", "a\"b"));
        counter.Add(3, new KeyValuePair<string, object?>("kind", "a\"b"));
        histogram.Record(0.5);
        histogram.Record(1.5);

        var lines = collector.Render().Split('\n');
        lines.ShouldContain("# HELP test_requests_total Requests by kind.");
        lines.ShouldContain("# TYPE test_requests_total counter");
        lines.ShouldContain("test_requests_total{kind=\"a\\\"b\"} 5");
        lines.ShouldContain("test_seconds_sum 2");
        lines.ShouldContain("test_seconds_count 2");
        lines.ShouldContain("test_depth 7");
        lines.ShouldNotContain(line => line.Contains("foreign"));
    }
}
