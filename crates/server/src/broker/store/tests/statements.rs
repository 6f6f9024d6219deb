//! The statements themselves.

use crate::broker::store::statements::ALL;

/// To SQLite `$1` is a name; it is the first parameter only if it comes first.
#[test]
fn parameters_first_appear_in_order() {
    for (name, sql) in ALL {
        let mut known = 0;
        for part in sql.split('$').skip(1) {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            let number: usize = digits.parse().unwrap();
            assert!(
                number <= known + 1,
                "{name}: ${number} before ${}",
                known + 1
            );
            known = known.max(number);
        }
    }
}

#[test]
fn nothing_is_of_one_database_alone() {
    let migrations = crate::broker::store::migrations::MIGRATIONS;
    let texts = migrations
        .iter()
        .map(|migration| ("a migration", migration.sql))
        .chain(ALL.iter().copied());
    for (name, sql) in texts {
        let upper = sql.to_uppercase();
        for word in [
            "AUTOINCREMENT",
            "ROWID",
            "INSERT OR",
            "REPLACE INTO",
            "SERIAL",
            "NOW()",
            "::",
            "?",
        ] {
            assert!(!upper.contains(word), "{name} has {word}");
        }
    }
}
