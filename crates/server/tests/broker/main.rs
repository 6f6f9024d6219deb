//! The broker as it is met: over its socket, by browsers and programs of any kind.

#[cfg(test)]
mod flows;
#[cfg(test)]
mod impostors;
#[cfg(test)]
mod person;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod twice;
