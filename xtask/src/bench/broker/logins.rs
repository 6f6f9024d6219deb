//! Whole logins a second.

use super::{Bench, ROUNDS, Rates};
use crate::failure::Failure;

const MILLISECONDS: &str = "1500";

struct Row {
    kind: &'static str,
    what: &'static str,
    /// Of 16 at once.
    goal: Option<f64>,
}

const ROWS: &[Row] = &[
    Row {
        kind: "pairing",
        what: "paircode logins",
        goal: Some(3_000.0),
    },
    Row {
        kind: "pairing-oidc",
        what: "paircode logins, ID tokens checked",
        goal: None,
    },
    Row {
        kind: "code",
        what: "code flow with PKCE",
        goal: Some(1_500.0),
    },
    Row {
        kind: "code-oidc",
        what: "code flow, ID tokens checked",
        goal: None,
    },
];

pub(super) fn run(bench: &Bench) -> Result<(), Failure> {
    let ours = bench.ours("")?;
    let floor = bench.floor()?;
    for row in ROWS {
        for at_once in ["1", "16", "64"] {
            let (mut measured, mut least) = (Rates::default(), Rates::default());
            for _ in 0..ROUNDS {
                let run =
                    |kind, http| ["logins", kind, http, &bench.provider, at_once, MILLISECONDS];
                bench.rate(&mut measured, &ours, &run(row.kind, &ours.http))?;
                bench.rate(&mut least, &floor, &run("floor", &floor.http))?;
            }
            let goal = row.goal.filter(|_| at_once == "16");
            measured.print(&format!("{}, {at_once} at once", row.what), &least, goal);
        }
    }
    Ok(())
}
