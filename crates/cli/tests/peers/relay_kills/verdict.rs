//! What must be true of every state, however its programs died.

use std::{collections::BTreeMap, fmt};

use super::{
    Times,
    life::{Answer, Life, Program},
};

/// Seconds that a busy machine may add.
const MARGIN: u32 = 15;

/// The look at one state.
pub(super) struct Verdict<'a> {
    life: &'a Life,
    story: String,
    /// Those of the relay, where one was there from first to last.
    times: Option<Times>,
}

impl<'a> Verdict<'a> {
    pub(super) fn of(life: &'a Life, times: Times, seed: u64) -> Self {
        Self {
            times: Some(times),
            ..Self::of_a_fall(life, seed)
        }
    }

    /// Of a relay that was killed, and forgot what it had delivered.
    pub(super) fn of_a_fall(life: &'a Life, seed: u64) -> Self {
        Self {
            life,
            story: life.story(seed),
            times: None,
        }
    }

    /// Insists on all of it.
    #[track_caller]
    pub(super) fn stands(self) -> Self {
        self.was_played();
        self.nobody_hangs();
        self.every_code_is_its_own();
        self.one_owner_has_it();
        let complete: Vec<&Answer> = self.answers(Answer::is_complete).collect();
        assert!(complete.len() <= 1, "complete twice: {}", self.story);
        if let [told] = complete.as_slice() {
            self.complete_is_true(told);
        }
        self
    }

    /// Whether this program has the whole callback.
    pub(super) fn has_it(&self, index: usize) -> bool {
        let program = self.life.processes.get(index);
        program.is_some_and(|program| program.delivered().is_some())
    }

    fn answers(&self, which: impl Fn(&Answer) -> bool) -> impl Iterator<Item = &Answer> {
        let answers = self.life.answers.iter();
        answers.filter(move |answer| which(answer))
    }

    fn holders(&self) -> Vec<&Program> {
        let programs = self.life.processes.iter();
        programs
            .filter(|program| program.delivered().is_some())
            .collect()
    }

    /// The scene came to its end, and every program died by SIGKILL and of nothing else.
    fn was_played(&self) {
        let Life {
            fault, processes, ..
        } = self.life;
        assert_eq!(fault, "", "{}", self.story);
        for program in processes {
            assert_eq!(program.signal, 9, "{}", self.story);
            // The relay may have closed while the program spoke.
            let known = ["", "ConnectionResetError", "BrokenPipeError"];
            let kind = program.fault.split(':').next().unwrap();
            assert!(known.contains(&kind), "{}", self.story);
        }
    }

    fn nobody_hangs(&self) {
        for answer in &self.life.answers {
            assert_eq!(
                answer.status == 200,
                answer.page == "complete",
                "{}",
                self.story
            );
            assert_ne!(answer.broken, "no answer", "{}", self.story);
            let Some(times) = self.times else {
                continue;
            };
            let known = ["complete", "nobody", "unconfirmed", "already"];
            assert!(known.contains(&answer.page()), "{}", self.story);
            let programs = u32::try_from(self.life.processes.len()).unwrap();
            let patience = times.patience(programs) + MARGIN;
            let took = answer.answered - answer.sent;
            assert!(took < patience.into(), "{}", self.story);
        }
    }

    /// Whatever a program received is of its own state's callback.
    fn every_code_is_its_own(&self) {
        let Life { code, state, .. } = self.life;
        for program in &self.life.processes {
            for (own, prefix) in [(code, "code-"), (state, "state-")] {
                for (start, _) in program.lines.match_indices(prefix) {
                    let there = &program.lines[start..];
                    let is_own = there.starts_with(own.as_str()) || own.starts_with(there);
                    assert!(is_own, "{}", self.story);
                }
            }
            if let Some(frame) = program.delivered() {
                assert_eq!(frame["code"], code.as_str(), "{}", self.story);
                assert_eq!(frame["state"], state.as_str(), "{}", self.story);
            }
        }
    }

    /// Nothing of a callback went to two owners, and no whole one to two programs; but under protocol 2 to the owner who came
    /// back, by the same name.
    fn one_owner_has_it(&self) {
        let handed = self.life.processes.iter();
        let handed = handed.filter(|program| program.was_handed_something());
        let mut owners: Vec<&str> = handed.map(|program| program.owner.as_str()).collect();
        owners.dedup();
        assert!(owners.len() <= 1, "{}", self.story);
        if self.times.is_none() {
            return;
        }
        let holders = self.holders();
        if self.life.protocol == 1 {
            assert!(holders.len() <= 1, "{}", self.story);
        }
        let names = holders.iter().map(|program| program.delivered().unwrap());
        let mut names: Vec<String> = names.map(|frame| frame["delivery"].to_string()).collect();
        names.dedup();
        assert!(names.len() <= 1, "{}", self.story);
    }

    /// A program has the code, whole and exact, and had it by then; nobody was handed it afterwards.
    fn complete_is_true(&self, told: &Answer) {
        let holders = self.holders();
        let Some(last) = holders.last() else {
            panic!("complete, and nobody has it: {}", self.story);
        };
        if self.life.protocol == 2 {
            // A delivery that was repeated is confirmed by whoever had it last.
            let in_time = last.kept.is_some_and(|kept| kept <= told.answered);
            assert!(in_time, "{}", self.story);
        }
        let mut late = self.life.processes.iter();
        let late =
            late.any(|program| program.born > told.answered && program.was_handed_something());
        assert!(!late, "handed out after complete: {}", self.story);
    }

    /// What befell it, in words.
    fn fates(&self) -> Vec<String> {
        let Life {
            protocol,
            processes,
            answers,
            ..
        } = self.life;
        let first = &processes[0];
        let killed = match first.step.as_str() {
            _ if !first.waited(*protocol) => "before it waited",
            _ if !first.was_handed_something() => "while it waited",
            _ if first.delivered().is_none() => "with a part of the line",
            "closed" => "after its end",
            _ => "with the line",
        };
        let holders = self.holders();
        let page = answers[0].page();
        let told = match holders.as_slice() {
            [] => format!("{page}, nobody has it"),
            [one] if std::ptr::eq(*one, first) => format!("{page}, it has it"),
            [one] if one.owner == "own" => format!("{page}, one that came back has it"),
            [_] => format!("{page}, another owner has it alone"),
            _ => format!("{page}, its owner has it twice"),
        };
        let refused = processes
            .iter()
            .any(|program| program.lines.contains("state_in_use"));
        let again =
            (answers.len() > 1).then(|| format!("repeated: {page}, then {}", answers[1].page()));
        let mut fates = vec![format!("killed {killed}"), told];
        fates.extend(again);
        fates.extend(refused.then(|| "another owner refused".to_owned()));
        for fate in &mut fates {
            *fate = format!("protocol {protocol}: {fate}");
        }
        fates
    }
}

/// How often what happened.
#[derive(Default)]
pub(super) struct Tally(BTreeMap<String, usize>);

impl Tally {
    pub(super) fn add(&mut self, verdict: &Verdict<'_>) {
        for fate in verdict.fates() {
            *self.0.entry(fate).or_default() += 1;
        }
    }

    /// Insists that all of these happened, or the rules would have stood for nothing.
    #[track_caller]
    pub(super) fn has(&self, fates: &[(&[u8], &str)], seed: u64) {
        for (protocols, fate) in fates {
            for protocol in *protocols {
                let fate = format!("protocol {protocol}: {fate}");
                assert!(
                    self.0.contains_key(&fate),
                    "seed {seed}: never {fate}\n{self}"
                );
            }
        }
    }

    /// Both together.
    pub(super) fn and(mut self, other: Self) -> Self {
        for (fate, times) in other.0 {
            *self.0.entry(fate).or_default() += times;
        }
        self
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|(fate, times)| write!(f, "\n{times:>5} {fate}"))
    }
}
