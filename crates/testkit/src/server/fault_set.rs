//! Which faults are on, where, and how many times.
use super::{
    endpoint::Endpoint,
    faults::{Fault, FaultError},
};
use std::{fmt, str::FromStr};

/// A set of faults to switch on.
///
/// As text: names separated by commas, each with an optional place and number of times:
/// `wrong-iss,prose-500@userinfo,rate-limited-429*2,late-answer=300@token*1`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<Switched>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Switched {
    fault: Fault,
    place: Option<Endpoint>,
    left: Option<u32>,
}

impl Faults {
    /// None: the server behaves well.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a fault at its own places, for good.
    #[must_use]
    pub fn and(mut self, fault: Fault) -> Self {
        self.0.push(Switched::new(fault, None));
        self
    }

    /// Adds a general fault at one endpoint. For another fault than a general one, the place
    /// changes nothing.
    #[must_use]
    pub fn and_at(mut self, fault: Fault, place: Endpoint) -> Self {
        let place = fault.is_general().then_some(place);
        self.0.push(Switched::new(fault, place));
        self
    }

    /// Limits the fault added last to so many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        if let Some(last) = self.0.last_mut() {
            last.left = Some(times);
        }
        self
    }

    /// The same as `times(1)`.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Whether none is on.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Finds `fault` at `place` and counts it as shown.
    pub(crate) fn show(&mut self, fault: &Fault, place: Endpoint) -> Option<Fault> {
        let switched = self
            .0
            .iter_mut()
            .find(|switched| switched.is_due(fault, place))?;
        switched.left = switched.left.map(|left| left.saturating_sub(1));
        Some(switched.fault)
    }
}

impl Switched {
    fn new(fault: Fault, place: Option<Endpoint>) -> Self {
        Self {
            fault,
            place,
            left: Self::times_of(fault),
        }
    }

    /// How many times a fault shows when nobody says.
    fn times_of(fault: Fault) -> Option<u32> {
        matches!(fault, Fault::LostRefreshReplyOnce).then_some(1)
    }

    fn is_due(&self, fault: &Fault, place: Endpoint) -> bool {
        let here = match self.place {
            Some(only) => only == place,
            None => self.fault.places().contains(&place),
        };
        here && self.fault.is(fault) && self.left != Some(0)
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self::none().and(fault)
    }
}

impl<const N: usize> From<[Fault; N]> for Faults {
    fn from(faults: [Fault; N]) -> Self {
        faults.into_iter().collect()
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        faults.into_iter().fold(Self::none(), Self::and)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, switched) in self.0.iter().enumerate() {
            let comma = if position == 0 { "" } else { "," };
            write!(f, "{comma}{}", switched.fault)?;
            if let Some(place) = switched.place {
                write!(f, "@{place}")?;
            }
            if let Some(left) = switched.left
                && switched.left != Switched::times_of(switched.fault)
            {
                write!(f, "*{left}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Faults {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let items = text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty());
        items
            .map(Switched::from_str)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl FromStr for Switched {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (rest, left) = match text.split_once('*') {
            Some((rest, times)) => {
                let times = times
                    .parse()
                    .map_err(|_| FaultError::Times(text.to_owned()))?;
                (rest, Some(times))
            }
            None => (text, None),
        };
        let (name, place) = match rest.split_once('@') {
            Some((name, place)) => (name, Some(place.parse::<Endpoint>()?)),
            None => (rest, None),
        };
        let fault: Fault = name.parse()?;
        match place {
            Some(place) if !fault.is_general() => Err(FaultError::Place {
                name: fault.name(),
                place,
            }),
            place => Ok(Self {
                fault,
                place,
                left: left.or(Self::times_of(fault)),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn every_fault_reads_its_own_name_and_has_a_place() {
        for fault in Fault::all() {
            assert_eq!(fault.to_string().parse::<Fault>().as_ref(), Ok(fault));
            assert!(!fault.places().is_empty(), "{fault}");
            assert!(
                fault.description().contains(';'),
                "{fault} must say what the client does"
            );
        }
    }

    #[test]
    fn a_set_survives_its_text() {
        let text = "wrong-iss,prose-500@userinfo,rate-limited-429*2,late-answer=300@token*1";
        let set: Faults = text.parse().unwrap();
        assert_eq!(set.to_string(), text);
        let built = Faults::from(Fault::WrongIss)
            .and_at(Fault::Prose500, Endpoint::Userinfo)
            .and(Fault::RateLimited429)
            .times(2)
            .and_at(
                Fault::LateAnswer(Duration::from_millis(300)),
                Endpoint::Token,
            )
            .once();
        assert_eq!(built, set);
        assert_eq!("".parse::<Faults>(), Ok(Faults::none()));
    }

    #[test]
    fn text_that_names_no_fault_says_what_is_wrong() {
        let error = |text: &str| text.parse::<Faults>().unwrap_err().to_string();
        assert!(error("wrong-is").contains("wrong-is"));
        assert!(error("hang=3").contains("late-answer"));
        assert!(error("late-answer=soon").contains("milliseconds"));
        assert!(error("hang@moon").contains("moon"));
        assert!(error("wrong-iss@token").contains("cannot be moved to token"));
        assert!(error("hang*often").contains("how many times"));
    }

    #[test]
    fn a_counted_fault_runs_out_and_a_moved_one_leaves_its_place() {
        let mut set = Faults::none()
            .and_at(Fault::Prose500, Endpoint::Userinfo)
            .times(2);
        assert_eq!(set.show(&Fault::Prose500, Endpoint::Token), None);
        assert_eq!(
            set.show(&Fault::Prose500, Endpoint::Userinfo),
            Some(Fault::Prose500)
        );
        assert_eq!(
            set.show(&Fault::Prose500, Endpoint::Userinfo),
            Some(Fault::Prose500)
        );
        assert_eq!(set.show(&Fault::Prose500, Endpoint::Userinfo), None);
    }
}
