//! Named steps with their times. The first that fails ends the run and is named.

use std::time::{Duration, Instant};

use crate::failure::Failure;

pub(crate) struct Steps {
    command: &'static str,
    started: Instant,
    done: Vec<(String, Duration)>,
}

impl Steps {
    /// Runs the steps of a command, and prints at the end, good or bad, how long each took.
    pub(crate) fn run(
        command: &'static str,
        work: impl FnOnce(&mut Self) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut steps = Self {
            command,
            started: Instant::now(),
            done: Vec::new(),
        };
        let result = work(&mut steps);
        steps.summarise(result.is_ok());
        result
    }

    pub(crate) fn step(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        println!("\n==> {name}");
        let started = Instant::now();
        let result = work();
        let took = started.elapsed();
        self.done.push((name.to_owned(), took));
        match result {
            Ok(()) => {
                println!("<== {name}: {:.1} s", took.as_secs_f64());
                Ok(())
            }
            Err(failure) => Err(Failure::new(format!("step \"{name}\" failed: {failure}"))),
        }
    }

    fn summarise(&self, passed: bool) {
        println!("\n{:>8}  step", "seconds");
        for (name, took) in &self.done {
            println!("{:>8.1}  {name}", took.as_secs_f64());
        }
        let outcome = if passed { "passed" } else { "FAILED" };
        println!(
            "{:>8.1}  {} {outcome}",
            self.started.elapsed().as_secs_f64(),
            self.command
        );
    }
}
