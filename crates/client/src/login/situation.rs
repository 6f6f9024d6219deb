//! What can be done here: where the browser is, whether somebody can type, what the provider offers.

use oarlock_io::Environment;
use oarlock_oauth::profile::ProviderProfile;

use super::LoginContext;
use crate::options::Browser;

/// The facts a flow is chosen by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Situation {
    /// A browser will be opened from here.
    pub(super) opens: bool,
    /// The person's browser is likely on this machine, so it reaches a loopback port.
    pub(super) local: bool,
    /// Somebody can paste.
    pub(super) can_paste: bool,
    /// The provider has an authorization endpoint.
    pub(super) authorization: bool,
    /// The provider has a device authorization endpoint.
    pub(super) device: bool,
    /// The provider has a page that shows the code.
    pub(super) hosted: bool,
}

impl Situation {
    /// Looks around.
    pub(super) fn of(context: &LoginContext<'_>) -> Self {
        let LoginContext {
            profile,
            options,
            environment,
            interaction,
            ..
        } = context;
        let here = Self::here(
            profile,
            &options.browser,
            environment,
            interaction.can_paste(),
        );
        Self {
            // Who names a port has forwarded it to where the browser is.
            local: here.local || !options.ports.is_empty(),
            ..here
        }
    }

    /// The same without a login.
    pub(super) fn here(
        profile: &ProviderProfile,
        browser: &Browser,
        environment: &Environment,
        can_paste: bool,
    ) -> Self {
        let local = is_local(environment);
        Self {
            opens: match browser {
                Browser::Auto => local,
                Browser::Never => false,
                Browser::Command(_) => true,
            },
            local,
            can_paste,
            authorization: profile.authorization_endpoint.is_some(),
            device: profile.device_authorization_endpoint.is_some(),
            hosted: profile.redirect.hosted.is_some(),
        }
    }
}

/// Over SSH a browser would open on the far side, if at all; without a display there is none, except that of Windows around WSL.
/// An editor's remote terminal is the exception: its `BROWSER` opens on the near side, and it forwards the port.
fn is_local(environment: &Environment) -> bool {
    let editor =
        environment.get("VSCODE_IPC_HOOK_CLI").is_some() && environment.get("BROWSER").is_some();
    editor || (environment.has_browser() && !environment.place().ssh)
}

#[cfg(test)]
mod tests {
    use super::*;
    use oarlock_io::environment::Place;

    #[test]
    fn a_browser_is_near_where_a_display_is_and_no_ssh() {
        let display = Place {
            display: true,
            ..Place::default()
        };
        let nothing: [(&str, &str); 0] = [];
        let place = |place| Environment::from_pairs(nothing).with_place(place);
        assert!(is_local(&place(display)));
        assert!(
            is_local(&place(Place {
                container: true,
                ..display
            })),
            "a container with a display"
        );
        assert!(
            is_local(&place(Place {
                wsl: true,
                ..display
            })),
            "WSL with a display"
        );
        assert!(
            is_local(&place(Place {
                wsl: true,
                ..Place::default()
            })),
            "Windows has a browser, and forwards loopback"
        );
        assert!(
            !is_local(&place(Place {
                ssh: true,
                ..display
            })),
            "a forwarded display is slow and its loopback is there"
        );
        assert!(!is_local(&place(Place::default())));
        assert!(!is_local(&place(Place {
            container: true,
            ..Place::default()
        })));
        assert!(!is_local(&place(Place {
            wsl: true,
            container: true,
            ..Place::default()
        })));
    }

    #[test]
    fn a_browser_that_is_named_counts_but_not_over_ssh() {
        let named = |place| Environment::from_pairs([("BROWSER", "firefox")]).with_place(place);
        assert!(is_local(&named(Place::default())));
        assert!(is_local(&named(Place {
            container: true,
            ..Place::default()
        })));
        assert!(!is_local(&named(Place {
            ssh: true,
            ..Place::default()
        })));
    }

    #[test]
    fn an_editors_remote_terminal_brings_its_browser() {
        let remote = Place {
            ssh: true,
            ..Place::default()
        };
        let editor = [
            ("VSCODE_IPC_HOOK_CLI", "/run/ipc.sock"),
            ("BROWSER", "/opt/editor/helper"),
        ];
        assert!(is_local(
            &Environment::from_pairs(editor).with_place(remote)
        ));
        assert!(!is_local(
            &Environment::from_pairs([("VSCODE_IPC_HOOK_CLI", "/run/ipc.sock")]).with_place(remote)
        ));
    }
}
