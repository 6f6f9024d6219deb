//! The kit tested on itself.
#[cfg(test)]
mod browser;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod oauth_rules;
#[cfg(test)]
mod plain_client;
#[cfg(test)]
mod programs;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod walk;
