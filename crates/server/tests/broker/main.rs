//! The broker as it is met: over its socket, by browsers and programs of any kind.

#[cfg(test)]
mod adversary;
#[cfg(test)]
mod bad_days;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod impostors;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod person;
#[cfg(test)]
mod provider;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod twice;
