//! What an entry does not take over from the one it extends: what belongs to another client, or to another server.

use oarlock_oauth::endpoint::{Endpoint, Origin};
use toml::{Table, Value};

/// Where a client secret is found. One replaces the others.
const SECRET: [&str; 3] = ["client_secret", "client_secret_env", "client_secret_file"];
const ENDPOINTS: [&str; 7] = [
    "authorization_endpoint",
    "token_endpoint",
    "device_authorization_endpoint",
    "revocation_endpoint",
    "userinfo_endpoint",
    "registration_endpoint",
    "jwks_uri",
];
/// What else is one server's alone: where its tokens go, and the variables that hold some.
const OF_THE_SERVER: [&str; 5] = [
    "origins",
    "resources",
    "token_variables",
    "api_key_variables",
    "registration_page",
];

/// Keys of `base` that are not for `entry`.
///
/// A client secret is for one client at one server. An entry that names another issuer has none of the other's
/// endpoints: its logins would go there. One that names an issuer or token endpoint on an origin the base knows
/// nothing of is for another server altogether.
pub(super) fn left_behind(base: &Table, entry: &Table) -> Vec<&'static str> {
    let changes = |key: &str| match (base.get(key), entry.get(key)) {
        (Some(old), Some(new)) => old != new,
        _ => false,
    };
    let known: Vec<Origin> = addresses(base);
    let leads_away = |keys: &[&str]| {
        let mut named = keys.iter().filter_map(|key| origin(entry.get(*key)?));
        !known.is_empty() && named.any(|origin| !known.contains(&origin))
    };
    let elsewhere = leads_away(&["issuer", "token_endpoint"]);
    let has_own_secret = SECRET.iter().any(|key| entry.contains_key(*key));
    let mut keys: Vec<&'static str> = Vec::new();
    if has_own_secret
        || changes("client_id")
        || elsewhere
        || leads_away(&["device_authorization_endpoint", "revocation_endpoint"])
    {
        keys.extend(SECRET);
    }
    let other_issuer = entry.contains_key("issuer") && entry.get("issuer") != base.get("issuer");
    if elsewhere || other_issuer {
        keys.extend(ENDPOINTS);
    }
    if elsewhere {
        keys.extend(OF_THE_SERVER);
    }
    keys.retain(|key| base.contains_key(*key) && !entry.contains_key(*key));
    keys
}

/// Every origin the base speaks of.
fn addresses(base: &Table) -> Vec<Origin> {
    let single = ENDPOINTS
        .iter()
        .chain(&["issuer"])
        .filter_map(|key| base.get(*key));
    let listed = base.get("origins").and_then(Value::as_array);
    single
        .chain(listed.into_iter().flatten())
        .filter_map(origin)
        .collect()
}

/// What is no address is refused when the whole is read.
fn origin(value: &Value) -> Option<Origin> {
    Some(Endpoint::parse(value.as_str()?).ok()?.origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = r#"
        issuer = "https://a.example"
        token_endpoint = "https://a.example/token"
        userinfo_endpoint = "https://api.a.example/me"
        client_id = "a"
        client_secret_env = "A"
        origins = ["https://files.a.example"]
        token_variables = ["A_TOKEN"]
        scopes = ["x"]
    "#;

    fn left(base: &str, entry: &str) -> Vec<&'static str> {
        left_behind(&base.parse().unwrap(), &entry.parse().unwrap())
    }

    #[test]
    fn hostile_23_a_secret_goes_to_no_other_client_or_server() {
        for entry in [
            "client_id = \"b\"",
            "client_secret = \"own\"",
            "client_secret_file = \"own\"",
            "revocation_endpoint = \"https://b.example/revoke\"",
            "device_authorization_endpoint = \"https://b.example/device\"",
        ] {
            assert_eq!(left(BASE, entry), ["client_secret_env"], "{entry}");
        }
        for entry in [
            "issuer = \"https://b.example\"",
            "token_endpoint = \"https://b.example/token\"",
        ] {
            assert!(left(BASE, entry).contains(&"client_secret_env"), "{entry}");
        }
    }

    #[test]
    fn another_server_has_nothing_of_the_first() {
        assert_eq!(
            left(BASE, "issuer = \"https://b.example\""),
            [
                "client_secret_env",
                "token_endpoint",
                "userinfo_endpoint",
                "origins",
                "token_variables"
            ]
        );
        // A server without an issuer, and a copy of it elsewhere.
        let base = "token_endpoint = \"https://a.example/token\"\nuserinfo_endpoint = \"https://api.a.example/me\"";
        assert_eq!(
            left(base, "token_endpoint = \"https://b.example/token\""),
            ["userinfo_endpoint"]
        );
    }

    #[test]
    fn another_issuer_of_the_same_server_has_endpoints_of_its_own() {
        let base = "authorization_endpoint = \"https://a.example/common/authorize\"\norigins = [\"https://api.example\"]";
        assert_eq!(
            left(base, "issuer = \"https://a.example/tenant\""),
            ["authorization_endpoint"]
        );
    }

    #[test]
    fn what_changes_neither_client_nor_server_takes_everything_over() {
        for entry in [
            "",
            "scopes = [\"y\"]",
            "client_id = \"a\"",
            "issuer = \"https://a.example\"",
            "token_endpoint = \"https://api.a.example/token\"",
            "userinfo_endpoint = \"https://b.example/me\"",
        ] {
            assert!(left(BASE, entry).is_empty(), "{entry}");
        }
        // Nothing of a server is known: the secret is that of whichever the entry names.
        let base = "client_secret_env = \"A\"";
        assert!(left(base, "issuer = \"https://a.example\"\nclient_id = \"a\"").is_empty());
    }
}
