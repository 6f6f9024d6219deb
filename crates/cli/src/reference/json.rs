//! The objects that `--json` prints. They keep their members and meanings; new members may come.

/// One object, or one element of a list.
#[derive(Debug)]
#[non_exhaustive]
pub struct JsonObject {
    /// The command that prints it.
    pub command: &'static str,
    /// JSON pointer from the whole result to it, with `-` for every element of a list; empty for the whole.
    pub pointer: &'static str,
    /// Member and meaning, in the order they are printed.
    pub members: &'static [(&'static str, &'static str)],
}

/// All of them.
pub const OBJECTS: &[JsonObject] = &[
    JsonObject {
        command: "login --json",
        pointer: "",
        members: &[
            ("provider", "Name of the provider; other commands take it."),
            (
                "account",
                "Name of the account; `default` unless `-a` was given.",
            ),
            (
                "identity",
                "Who logged in, in the provider's words, or null.",
            ),
            ("scope", "What was granted, separated by spaces."),
            (
                "expires_at",
                "End of the access token (RFC 3339, UTC), or null where the provider did not say.",
            ),
            ("refreshable", "Whether it is renewed without a person."),
        ],
    },
    JsonObject {
        command: "status --json",
        pointer: "",
        members: &[
            ("logins", "Every stored login."),
            (
                "sources",
                "Every provider that a token could be had for, and where it would come from.",
            ),
        ],
    },
    JsonObject {
        command: "status --json",
        pointer: "/logins/-",
        members: &[
            ("provider", "Name of the provider."),
            ("account", "Name of the account."),
            (
                "state",
                "`fresh`; `due`: valid, and renewed at its next use; `expired`; `dead`: the provider ended it; `unreadable`.",
            ),
            ("identity", "Who logged in, or null."),
            (
                "scope",
                "What was granted, or null where the file cannot be read.",
            ),
            (
                "expires_at",
                "End of the access token (RFC 3339, UTC), or null.",
            ),
            ("refreshable", "Whether it is renewed without a person."),
            ("reason", "Why it is `dead` or `unreadable`, else null."),
        ],
    },
    JsonObject {
        command: "status --json",
        pointer: "/sources/-",
        members: &[
            ("provider", "Name of the provider."),
            ("sources", "Its sources, in the order they are asked."),
        ],
    },
    JsonObject {
        command: "status --json",
        pointer: "/sources/-/sources/-",
        members: &[
            ("kind", "`variable`, `login` or `api_key`."),
            ("source", "In words."),
            ("present", "Whether something is there."),
            ("wins", "Whether this one is used."),
            ("reason", "Why, or why not."),
        ],
    },
    JsonObject {
        command: "token --json",
        pointer: "",
        members: &[
            ("access_token", "The token."),
            ("token_type", "`Bearer`."),
            (
                "expires_at",
                "Its end (RFC 3339, UTC), or null where it is not known.",
            ),
            ("provider", "Name of the provider."),
            ("source", "Where it comes from, in words."),
        ],
    },
    JsonObject {
        command: "wait --json",
        pointer: "",
        members: &[
            (
                "code",
                "The authorization code, or null where the callback had none.",
            ),
            ("state", "The state, or null at the single slot."),
            (
                "parameters",
                "Everything the callback had, as it was named: `iss` among it, and `error` of a refusal (exit code 5).",
            ),
        ],
    },
    JsonObject {
        command: "provider list --json",
        pointer: "/-",
        members: &[
            ("name", "Name of the provider."),
            ("title", "Name for people."),
            (
                "origin",
                "`configuration`, `built-in`, `environment` or `login`.",
            ),
            (
                "client_id",
                "Whether there is a client id, or a token that needs none.",
            ),
            ("logged_in", "Whether somebody is logged in."),
        ],
    },
    JsonObject {
        command: "provider test --json",
        pointer: "",
        members: &[
            ("provider", "Name of the provider."),
            ("checks", "What was looked at."),
        ],
    },
    JsonObject {
        command: "provider test --json",
        pointer: "/checks/-",
        members: &[
            ("what", "What was looked at."),
            ("ok", "Whether it is as it should be."),
            ("detail", "In words."),
        ],
    },
    JsonObject {
        command: "session list --json",
        pointer: "/-",
        members: SESSION,
    },
    JsonObject {
        command: "user list --json",
        pointer: "/-",
        members: USER,
    },
    JsonObject {
        command: "user show --json",
        pointer: "",
        members: USER_SHOWN,
    },
    JsonObject {
        command: "user show --json",
        pointer: "/sessions/-",
        members: SESSION,
    },
    JsonObject {
        command: "key list --json",
        pointer: "/-",
        members: &[
            ("id", "`kid` of the tokens it signs."),
            ("algorithm", "`ES256` or `EdDSA`."),
            (
                "state",
                "`next`: it does not sign yet; `signing`; `published`: what it signed may still be valid.",
            ),
            ("created_at", "When it was made (RFC 3339, UTC)."),
            ("signs_from", "From when it signs."),
            (
                "published_until",
                "Until when it is published, or null while no other takes its place.",
            ),
        ],
    },
    JsonObject {
        command: "doctor --json",
        pointer: "",
        members: &[
            (
                "provider",
                "Name of the provider that was looked at, or null.",
            ),
            (
                "problems",
                "How many there are; with none, a login should work.",
            ),
            ("warnings", "How many there are."),
            ("checks", "Every check, in the order they were made."),
        ],
    },
    JsonObject {
        command: "doctor --json",
        pointer: "/checks/-",
        members: &[
            (
                "check",
                "A name that stays, such as `credential-files` or `token-endpoint`; it can come more than once.",
            ),
            (
                "result",
                "`ok`, `warning`, `problem`, or `skipped` where something else must be right first.",
            ),
            ("detail", "What was found, in words."),
            ("advice", "What to do, in words, or null."),
            ("command", "What to run, or null."),
        ],
    },
];

type Members = &'static [(&'static str, &'static str)];

const SESSION: Members = &[
    (
        "id",
        "Name of the session; `oarlock session revoke` takes it.",
    ),
    ("user", "Whose: an id of `oarlock user list`."),
    ("who", "The same for people."),
    ("provider", "Name of the upstream they came by."),
    (
        "kind",
        "`browser`; `client`: a program with tokens; `pairing`: one with a paircode.",
    ),
    (
        "client_id",
        "The program, or null where it has no such name.",
    ),
    ("scope", "What it may do, separated by spaces."),
    ("resources", "Where it may do it; empty: anywhere."),
    ("from", "The address where it began."),
    (
        "signed_in_at",
        "When the person signed in at the provider (RFC 3339, UTC).",
    ),
    ("created_at", "When it began."),
    ("last_used_at", "When it was last used here."),
    ("expires_at", "When it ends by itself."),
    ("revoked_at", "When it was ended, or null."),
    ("alive", "Whether it is good still."),
];

const USER: Members = &[
    ("id", "`sub` of the tokens made here."),
    ("provider", "Name of the upstream."),
    ("subject", "Who it is there."),
    (
        "name",
        "What the provider said at the last login, or null; so are the next three.",
    ),
    ("username", "Name of the account."),
    ("email", "Address."),
    (
        "email_verified",
        "Whether the provider says that the address is theirs.",
    ),
    ("first_login", "When they first came (RFC 3339, UTC)."),
    ("last_login", "When they last came."),
];

const USER_SHOWN: Members = &[
    ("id", "As in the list; so are the next eight."),
    ("provider", "Name of the upstream."),
    ("subject", "Who it is there."),
    ("name", "Name for people."),
    ("username", "Name of the account."),
    ("email", "Address."),
    ("email_verified", "Whether it is theirs."),
    ("first_login", "When they first came."),
    ("last_login", "When they last came."),
    ("sessions", "Their sessions that are alive."),
];

/// As Markdown.
pub(super) fn page() -> String {
    let mut text = String::from(
        "# JSON\n\nWhat `--json` prints keeps its members and their meanings; new members may come. No secret is in any of it, but the token in that of `oarlock token` and the code in that of `oarlock wait`.\n\n`oarlock provider show --json` prints the keys of `[providers.NAME]` as in [configuration](configuration.md), with the client secret left out.\n",
    );
    let mut command = "";
    for object in OBJECTS {
        if object.command != command {
            command = object.command;
            text.push_str(&format!("\n## `oarlock {command}`\n"));
        }
        match object.pointer {
            "" => {}
            "/-" => text.push_str("\nEach element of the list:\n"),
            pointer => {
                let path = pointer.trim_end_matches("/-").trim_start_matches('/');
                text.push_str(&format!(
                    "\nEach element of `{}`:\n",
                    path.replace("/-/", "[].")
                ));
            }
        }
        text.push_str("\n| Member | Meaning |\n|---|---|\n");
        for (member, meaning) in object.members {
            text.push_str(&format!("| `{member}` | {meaning} |\n"));
        }
    }
    text
}
