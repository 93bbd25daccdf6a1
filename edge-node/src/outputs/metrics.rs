//! Counters and levels for Prometheus, in the text form of OpenMetrics 1.0.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::console_json::Hello;
use super::release::Released;
use crate::neighbour_health::{NeighbourHealth, NeighbourState};
use crate::sensor_health::{SensorHealth, SensorState};
use crate::words;

/// The media type.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is measured, as text.
#[must_use]
pub fn text(hello: &Arc<Hello>, board: &Released) -> String {
    let mut registry = Registry::with_prefix("copmesh");
    registry.register_collector(Box::new(Snapshot { hello: Arc::clone(hello), board: board.clone() }));
    let mut out = String::new();
    encode(&mut out, &registry).expect("a string takes any text");
    out
}

/// One state of the board.
#[derive(Debug)]
struct Snapshot {
    hello: Arc<Hello>,
    board: Released,
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut table = Table(&mut encoder);
        self.node(&mut table)?;
        self.sensors(&mut table)?;
        self.neighbours(&mut table)
    }
}

/// Which of a kind, and how much.
type Entry<'a, V> = (Vec<(&'static str, &'a str)>, V);

/// Metrics, each with all its labels.
struct Table<'a, 'e>(&'a mut DescriptorEncoder<'e>);

impl Table<'_, '_> {
    fn gauges<'v>(&mut self, name: &str, help: &str, entries: impl IntoIterator<Item = Entry<'v, f64>>) -> fmt::Result {
        self.all(name, help, MetricType::Gauge, entries.into_iter().map(|(labels, v)| (labels, ConstGauge::new(v))))
    }

    fn counters<'v>(
        &mut self,
        name: &str,
        help: &str,
        entries: impl IntoIterator<Item = Entry<'v, u64>>,
    ) -> fmt::Result {
        let entries = entries.into_iter().map(|(labels, count)| (labels, ConstCounter::new(count)));
        self.all(name, help, MetricType::Counter, entries)
    }

    /// What the node counts under many names, some of which are levels.
    fn counts<'v>(&mut self, name: &str, help: &str, entries: impl IntoIterator<Item = Entry<'v, u64>>) -> fmt::Result {
        self.all(name, help, MetricType::Unknown, entries.into_iter().map(|(labels, v)| (labels, ConstGauge::new(v))))
    }

    /// What has no entries is left out whole.
    fn all<'v, M: EncodeMetric>(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        entries: impl Iterator<Item = Entry<'v, M>>,
    ) -> fmt::Result {
        let mut entries = entries.peekable();
        if entries.peek().is_none() {
            return Ok(());
        }
        let mut metric = self.0.encode_descriptor(name, help, None, kind)?;
        entries.try_for_each(|(labels, value)| value.encode(metric.encode_family(&labels)?))
    }
}

impl Snapshot {
    fn node(&self, table: &mut Table<'_, '_>) -> fmt::Result {
        let (board, node) = (&self.board, self.hello.config.node.name.as_str());
        let version = env!("CARGO_PKG_VERSION");
        let about = vec![("node", node), ("mode", self.hello.mode.as_str()), ("version", version)];
        table.gauges("node", "Always 1; its labels tell about the node", [(about, 1.0)])?;
        let mut by_status = std::collections::BTreeMap::new();
        for track in board.tracks.values() {
            *by_status.entry(words::status(track.record.status)).or_insert(0.0) += 1.0;
        }
        let tracks = by_status.into_iter().map(|(status, count)| (vec![("status", status)], count));
        table.gauges("tracks", "Tracks of the picture by status", tracks)?;
        #[expect(clippy::cast_precision_loss, reason = "to the millisecond until long after these computers")]
        let time_s = board.time.as_millis() as f64 / 1000.0;
        table.gauges("picture_time_seconds", "Picture time since the Unix epoch", [(vec![], time_s)])?;
        if board.tells_health() {
            self.health(table)?;
        }
        let counts = board.counters.iter().map(|&(name, count)| (vec![("name", name)], count));
        table.counts("count", "What the node counts, by name", counts)
    }

    /// What bears no label.
    fn health(&self, table: &mut Table<'_, '_>) -> fmt::Result {
        let latency = &self.board.latency;
        let quantiles = [("0.5", latency.p50), ("0.99", latency.p99), ("1", latency.max)];
        let quantiles = quantiles.map(|(quantile, took)| (vec![("quantile", quantile)], took.as_secs_f64()));
        table.gauges("fusion_latency_seconds", "From receipt of bytes to the changed picture", quantiles)?;
        table.counters("fusion_updates", "How often that was measured", [(vec![], latency.count)])?;
        let console = self.hello.console.counters();
        let counts = console.iter().map(|&(name, count)| (vec![("name", name)], count));
        table.counts("console_count", "What is counted of those who look at the console, by name", counts)
    }

    fn sensors(&self, table: &mut Table<'_, '_>) -> fmt::Result {
        let all = &self.board.sensors;
        let is_up = |sensor: &SensorHealth| if sensor.state == SensorState::Ok { 1.0 } else { 0.0 };
        table.gauges("sensor_ok", "Whether it speaks as it should", all.iter().map(|s| (of(s), is_up(s))))?;
        table.gauges("sensor_rate_hertz", "Reports a second, lately", all.iter().map(|s| (of(s), s.rate_hz)))?;
        let ages = all.iter().filter_map(|s| Some((of(s), s.age_s?)));
        table.gauges("sensor_age_seconds", "Since its last report", ages)?;
        let offsets = all.iter().filter_map(|s| Some((of(s), s.clock_offset_s?)));
        table.gauges("sensor_clock_offset_seconds", "Its clock less ours", offsets)?;
        table.counters("sensor_errors", "Input that was not understood", all.iter().map(|s| (of(s), s.errors)))?;
        table.counters("sensor_dropped", "Messages dropped unread", all.iter().map(|s| (of(s), s.dropped)))?;
        table.counters("sensor_late", "Scans that came too late", all.iter().map(|s| (of(s), s.late)))?;
        table.counters("sensor_duplicates", "Datagrams that came twice", all.iter().map(|s| (of(s), s.duplicates)))?;
        let counts = all.iter().flat_map(|sensor| {
            let each = sensor.counters.iter();
            each.map(|&(name, count)| (vec![("sensor", sensor.name.as_str()), ("name", name)], count))
        });
        table.counts("sensor_count", "What is counted of a sensor, by name", counts)
    }

    fn neighbours(&self, table: &mut Table<'_, '_>) -> fmt::Result {
        let all = &self.board.neighbours;
        let is_up = |n: &NeighbourHealth| if n.state == NeighbourState::Ready { 1.0 } else { 0.0 };
        table.gauges("link_up", "Whether rows are exchanged with it", all.iter().map(|n| (to(n), is_up(n))))?;
        #[expect(clippy::cast_precision_loss, reason = "rows of a table that fits memory")]
        let waiting = all.iter().map(|n| (to(n), n.waiting as f64));
        table.gauges("link_waiting_rows", "Rows that it is still to be told", waiting)?;
        let rates = all.iter().filter_map(|n| Some((to(n), n.rate_bytes_s?)));
        table.gauges("link_rate_bytes_per_second", "What the link is measured to carry", rates)?;
        let ages = all.iter().filter_map(|n| Some((to(n), n.reach.age_s?)));
        table.gauges("link_age_seconds", "Since anything was heard of it", ages)?;
        table.counters("link_in_bytes", "Packets from it", all.iter().map(|n| (to(n), n.reach.bytes_in)))?;
        table.counters("link_out_bytes", "Packets to it", all.iter().map(|n| (to(n), n.reach.bytes_out)))
    }
}

fn of(sensor: &SensorHealth) -> Vec<(&'static str, &str)> {
    vec![("sensor", sensor.name.as_str())]
}

fn to(neighbour: &NeighbourHealth) -> Vec<(&'static str, &str)> {
    vec![("neighbour", neighbour.reach.name.as_str())]
}

#[cfg(test)]
mod tests {
    use fusion_core::label::Level;

    use super::*;
    use crate::board::Mode;
    use crate::outputs::samples::{board, hello, track, whole};

    #[test]
    fn numbers_have_names_labels_and_an_end() {
        let mut shown = board([track(1, Level::Restricted), track(2, Level::Restricted)]);
        shown.counters = vec![("picture_full", 3)];
        shown.sensors = vec![SensorHealth { errors: 7, ..SensorHealth::unknown("a\"b".to_owned()) }];
        let text = text(&Arc::new(hello(Mode::Sim)), &whole(shown));
        for line in [
            "# TYPE copmesh_tracks gauge",
            "copmesh_tracks{status=\"confirmed\"} 2.0",
            "copmesh_count{name=\"picture_full\"} 3",
            "# TYPE copmesh_sensor_errors counter",
            "copmesh_sensor_errors_total{sensor=\"a\\\"b\"} 7",
            "copmesh_picture_time_seconds{} 1700000000.0",
        ] {
            assert!(text.lines().any(|each| each == line), "{line} in:\n{text}");
        }
        assert!(text.contains("mode=\"SIM\"") && text.ends_with("# EOF\n"));
        assert!(!text.contains("copmesh_link"), "what there is none of is not there");
    }
}
