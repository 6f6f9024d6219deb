//! The numbers in words: OpenMetrics text.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, NoLabelSet, text},
    metrics::MetricType,
    registry::{Registry, Unit},
};

use super::{
    BOUNDS, Numbers, PerLabel, Route,
    labels::{Label, Status},
};

pub(super) fn text(numbers: &Arc<Numbers>) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Arc::clone(numbers)));
    let mut page = String::new();
    text::encode(&mut page, &registry)?;
    Ok(page)
}

impl Collector for Numbers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.registrations(&mut encoder)?;
        self.callbacks(&mut encoder)?;
        self.delivery(&mut encoder)?;
        self.requests(&mut encoder)?;
        counters(
            &mut encoder,
            (
                "oarlock_broker_events",
                "What happened at the broker, as in the audit log.",
            ),
            "what",
            &self.events,
        )?;
        self.process(&mut encoder)
    }
}

impl Numbers {
    fn registrations(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let mut metric = encoder.encode_descriptor(
            "oarlock_relay_registrations",
            "Programs that wait.",
            None,
            MetricType::Gauge,
        )?;
        for (face, number) in self.registrations.iter() {
            metric
                .encode_family(&[("face", face.text())])?
                .encode_gauge(&number.load(Ordering::Relaxed))?;
        }
        counters(
            encoder,
            ("oarlock_relay_registered", "Programs that have registered."),
            "face",
            &self.registered,
        )?;
        gauge(
            encoder,
            (
                "oarlock_relay_connections",
                "Connections to the local socket.",
            ),
            &self.connections,
        )?;
        counters(
            encoder,
            (
                "oarlock_relay_refused",
                "Registrations, connections and callbacks that were refused.",
            ),
            "reason",
            &self.refused,
        )
    }

    fn callbacks(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        counters(
            encoder,
            (
                "oarlock_relay_callbacks",
                "Callbacks by how they ended for the browser.",
            ),
            "outcome",
            &self.callbacks,
        )?;
        gauge(
            encoder,
            (
                "oarlock_relay_held",
                "Callbacks that wait for their program.",
            ),
            &self.held,
        )
    }

    fn delivery(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let bounds = BOUNDS.iter().map(|micros| seconds(*micros));
        let counts = self.delivery.iter();
        let buckets: Vec<(f64, u64)> = bounds
            .chain([f64::INFINITY])
            .zip(counts.map(|count| count.load(Ordering::Relaxed)))
            .collect();
        let sum = seconds(self.delivery_micros.load(Ordering::Relaxed));
        let count = buckets.iter().map(|(_, count)| count).sum();
        encoder
            .encode_descriptor(
                "oarlock_relay_delivery",
                "From a callback's arrival to its program's confirmation.",
                Some(&Unit::Seconds),
                MetricType::Histogram,
            )?
            .encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn requests(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let mut metric = encoder.encode_descriptor(
            "oarlock_http_requests",
            "Requests on the public address.",
            None,
            MetricType::Counter,
        )?;
        for (route, statuses) in Route::ALL.iter().zip(&self.requests) {
            for (status, number) in statuses.iter() {
                let number = number.load(Ordering::Relaxed);
                // Most pairs never happen; a page of zeros would hide the rest.
                if number > 0 {
                    metric
                        .encode_family(&[
                            ("route", route.text()),
                            ("status", Status::text(status)),
                        ])?
                        .encode_counter::<NoLabelSet, _, u64>(&number, None)?;
                }
            }
        }
        Ok(())
    }

    fn process(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        encoder
            .encode_descriptor(
                "process_start_time",
                "When this process started, since the epoch.",
                Some(&Unit::Seconds),
                MetricType::Gauge,
            )?
            .encode_gauge(&self.started)?;
        encoder
            .encode_descriptor("oarlock_build", "What runs here.", None, MetricType::Info)?
            .encode_info(&[("version", env!("CARGO_PKG_VERSION"))])
    }
}

fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help): (&'static str, &'static str),
    number: &AtomicI64,
) -> fmt::Result {
    encoder
        .encode_descriptor(name, help, None, MetricType::Gauge)?
        .encode_gauge(&number.load(Ordering::Relaxed))
}

fn counters<L: Label>(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help): (&'static str, &'static str),
    label: &'static str,
    numbers: &PerLabel<L, AtomicU64>,
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (value, number) in numbers.iter() {
        metric
            .encode_family(&[(label, value.text())])?
            .encode_counter::<NoLabelSet, _, u64>(&number.load(Ordering::Relaxed), None)?;
    }
    Ok(())
}

fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}
