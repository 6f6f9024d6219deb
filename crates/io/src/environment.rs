//! A snapshot of the process environment, taken once, and what it tells of the place we run in.
use std::collections::BTreeMap;
/// The variables, plus facts about the place. `Debug` shows names only.
#[derive(Clone, Default)]
pub struct Environment { variables: BTreeMap<String, String>, place: Place }
/// Where we run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place { /// `SSH_CONNECTION`, `SSH_TTY` or `SSH_CLIENT` is set.
    pub ssh: bool, /// Docker, Podman, Kubernetes, a dev container or Codespace.
    pub container: bool, /// Windows Subsystem for Linux.
    pub wsl: bool, /// A display where a browser can appear (always on macOS and Windows).
    pub display: bool, /// CI=true.
    pub ci: bool }
impl Environment {
    /// The process's own. A variable that is not UTF-8 is left out.
    pub fn capture() -> Self { todo!() }
    /// For tests and embedders.
    pub fn from_pairs<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self { let _ = pairs; todo!() }
    /// A variable; an empty one counts as unset.
    pub fn get(&self, name: &str) -> Option<&str> { let _ = name; todo!() }
    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> { self.variables.iter().map(|(k, v)| (k.as_str(), v.as_str())) }
    /// The place.
    pub fn place(&self) -> Place { self.place }
    /// Replaces the place (tests).
    #[must_use]
    pub fn with_place(mut self, place: Place) -> Self { self.place = place; self }
    /// `BROWSER` is set, or there is a display.
    pub fn has_browser(&self) -> bool { todo!() }
}
impl std::fmt::Debug for Environment { fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { todo!() } }
