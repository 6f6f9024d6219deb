//! What a generator printed: `name value` on each line.

use std::process::Command;

use crate::failure::Failure;
use crate::process;

pub(super) struct Figures(pub(super) String);

impl Figures {
    /// Runs a generator to its end; one that found a wrong answer fails, and voids the run.
    pub(super) fn of(command: &mut Command) -> Result<Self, Failure> {
        process::output(command).map(Self)
    }

    pub(super) fn value(&self, name: &str) -> Result<f64, Failure> {
        self.0
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
            .and_then(|value| value.trim().parse().ok())
            .ok_or_else(|| Failure::new(format!("the generator did not print {name}:\n{}", self.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_found_by_its_whole_name() {
        let figures = Figures("p99_us 7\np9 1.5\n".to_owned());
        assert!((figures.value("p9").unwrap() - 1.5).abs() < 1e-9);
        assert!(figures.value("p").is_err());
    }
}
