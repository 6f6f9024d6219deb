//! A snapshot of the process environment, taken once, and what it tells of the place we run in.

mod dotenv;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

pub use dotenv::DotenvError;

/// The variables of a process, and facts about the place it runs in.
///
/// `Debug` shows the names only, because values can be secret.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    /// Which of them a `.env` file brought.
    from_file: BTreeSet<String>,
    place: PlaceSource,
}

/// How the place is found out: lazily, because most commands never ask.
#[derive(Clone, Copy, Default)]
enum PlaceSource {
    /// From the variables alone.
    #[default]
    Variables,
    /// From the variables and from marker files of this machine.
    Machine,
    /// As told.
    Given(Place),
}

/// Where we run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// `SSH_CONNECTION`, `SSH_TTY` or `SSH_CLIENT` is set.
    pub ssh: bool,
    /// Docker, Podman, Kubernetes, a dev container or Codespace.
    pub container: bool,
    /// Windows Subsystem for Linux.
    pub wsl: bool,
    /// A display where a browser can appear (always on macOS and Windows).
    pub display: bool,
    /// `CI` is set, to anything but `false` or `0`.
    pub ci: bool,
}

impl Environment {
    /// The process's own environment.
    ///
    /// A variable that is not UTF-8 is left out. Reads no files.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    pub fn capture() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| {
                let name = name.into_string().ok()?;
                Some((canonical(name), value.into_string().ok()?))
            })
            .collect();
        Self {
            variables,
            from_file: BTreeSet::new(),
            place: PlaceSource::Machine,
        }
    }

    /// An environment made up by a test or an embedder; its [`place`](Self::place) depends on these pairs alone.
    pub fn from_pairs<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let pairs = pairs.into_iter();
        Self {
            variables: pairs
                .map(|(name, value)| (canonical(name.into()), value.into()))
                .collect(),
            from_file: BTreeSet::new(),
            place: PlaceSource::Variables,
        }
    }

    /// The value of a variable; an empty one counts as unset.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = if cfg!(windows) {
            self.variables.get(&canonical(name.to_owned()))
        } else {
            self.variables.get(name)
        };
        value.map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Names and values in the order of the names, empty values included.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Where we run. Looks at marker files (`/.dockerenv` and the like) when the environment was captured.
    pub fn place(&self) -> Place {
        match self.place {
            PlaceSource::Given(place) => place,
            PlaceSource::Variables => self.place_by_variables(),
            PlaceSource::Machine => {
                let mut place = self.place_by_variables();
                place.container = place.container || container_marker();
                place.wsl = place.wsl || wsl_kernel();
                place
            }
        }
    }

    /// Replaces the place, for tests.
    #[must_use]
    pub fn with_place(mut self, place: Place) -> Self {
        self.place = PlaceSource::Given(place);
        self
    }

    /// Whether a browser can be expected here: `BROWSER` is set, or there is a display, or Windows around us has one (WSL).
    pub fn has_browser(&self) -> bool {
        if self.get("BROWSER").is_some() {
            return true;
        }
        let place = self.place();
        place.display || (place.wsl && !place.container && !place.ssh)
    }

    fn any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.get(name).is_some())
    }

    fn place_by_variables(&self) -> Place {
        Place {
            ssh: self.any(&["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"]),
            container: self.any(&[
                "KUBERNETES_SERVICE_HOST",
                "REMOTE_CONTAINERS",
                "CODESPACES",
                // systemd-nspawn, Podman, Toolbx.
                "container",
            ]),
            wsl: self.any(&["WSL_DISTRO_NAME"]),
            display: cfg!(any(target_os = "macos", windows))
                || self.any(&["DISPLAY", "WAYLAND_DISPLAY"]),
            ci: self
                .get("CI")
                .is_some_and(|value| !matches!(value, "false" | "0")),
        }
    }
}

/// Windows does not tell names apart by case.
fn canonical(name: String) -> String {
    if cfg!(windows) {
        name.to_uppercase()
    } else {
        name
    }
}

fn container_marker() -> bool {
    cfg!(target_os = "linux")
        && ["/.dockerenv", "/run/.containerenv"]
            .iter()
            .any(|path| std::path::Path::new(path).exists())
}

fn wsl_kernel() -> bool {
    // A kernel whose version cannot be read is not taken for WSL's.
    cfg!(target_os = "linux")
        && std::fs::read_to_string("/proc/version")
            .is_ok_and(|version| version.to_ascii_lowercase().contains("microsoft"))
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment ")?;
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{Environment, Place};

    #[test]
    fn empty_counts_as_unset() {
        let environment = Environment::from_pairs([("A", ""), ("B", "x")]);
        assert_eq!(environment.get("A"), None);
        assert_eq!(environment.get("B"), Some("x"));
        assert_eq!(environment.get("C"), None);
        assert_eq!(environment.iter().count(), 2);
    }

    #[test]
    fn hostile_23_debug_shows_no_value() {
        let environment = Environment::from_pairs([("GH_TOKEN", "canary-1234")]);
        let shown = format!("{environment:?}");
        assert!(shown.contains("GH_TOKEN"), "{shown}");
        assert!(!shown.contains("canary"), "{shown}");
    }

    #[test]
    fn the_place_follows_the_variables_alone_when_made_up() {
        let place = |pairs: &[(&str, &str)]| {
            Environment::from_pairs(pairs.iter().map(|&(k, v)| (k, v))).place()
        };
        let desktop = cfg!(any(target_os = "macos", windows));
        let nothing = Place {
            display: desktop,
            ..Place::default()
        };
        assert_eq!(place(&[]), nothing);
        assert!(place(&[("SSH_TTY", "/dev/pts/1")]).ssh);
        assert!(place(&[("SSH_CONNECTION", "::1 1 ::1 22")]).ssh);
        assert!(place(&[("KUBERNETES_SERVICE_HOST", "10.0.0.1")]).container);
        assert!(place(&[("CODESPACES", "true")]).container);
        assert!(place(&[("WSL_DISTRO_NAME", "Debian")]).wsl);
        assert!(place(&[("WAYLAND_DISPLAY", "wayland-0")]).display);
        assert!(place(&[("CI", "true")]).ci);
        assert!(!place(&[("CI", "false")]).ci);
    }

    #[test]
    fn a_browser_needs_a_display_or_a_name() {
        let none = Place::default();
        let blind = Environment::from_pairs([("A", "b")]).with_place(none);
        assert!(!blind.has_browser());
        let named = Environment::from_pairs([("BROWSER", "w3m")]).with_place(none);
        assert!(named.has_browser());
        let wsl = Place { wsl: true, ..none };
        assert!(Environment::default().with_place(wsl).has_browser());
        let wsl_container = Place {
            container: true,
            ..wsl
        };
        assert!(
            !Environment::default()
                .with_place(wsl_container)
                .has_browser()
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_captured_environment_looks_at_marker_files() {
        let environment = Environment::capture();
        assert!(environment.get("PATH").is_some());
        let marked = std::path::Path::new("/.dockerenv").exists()
            || std::path::Path::new("/run/.containerenv").exists();
        assert!(environment.place().container || !marked);
    }
}
