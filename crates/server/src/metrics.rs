//! Numbers for Prometheus.

/// All of them; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Metrics {}
