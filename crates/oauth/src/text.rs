//! Text from strangers, made inert before a person sees it.

use std::fmt::{self, Write as _};

/// Longest text shown, in characters.
const SHOWN: usize = 300;

/// Text that came from outside (`error_description`, client and user names).
///
/// `Display` and `Debug` show at most 300 characters and replace by U+FFFD whatever can steer a terminal or
/// mislead a reader: C0 and C1 controls (ANSI escapes, CR, LF), DEL, bidirectional marks, zero-width and other
/// invisible format characters, line and paragraph separators. It is not escaped for HTML; pages do that
/// themselves. `serde` is transparent and keeps the raw text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Untrusted(String);

impl Untrusted {
    /// Wraps text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The raw text, for comparison only, never for a screen.
    pub fn raw(&self) -> &str {
        &self.0
    }

    fn inert(&self) -> impl Iterator<Item = char> {
        let more = self.0.chars().nth(SHOWN).map(|_| '…');
        self.0
            .chars()
            .take(SHOWN)
            .map(|c| {
                if is_active(c) {
                    char::REPLACEMENT_CHARACTER
                } else {
                    c
                }
            })
            .chain(more)
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inert().try_for_each(|c| f.write_char(c))
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.inert() {
            if matches!(c, '"' | '\\') {
                f.write_char('\\')?;
            }
            f.write_char(c)?;
        }
        f.write_char('"')
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// Characters that do something instead of showing something: general categories Cc, Cf, Zl and Zp of
/// Unicode 17, the invisible fillers, and the whole plane-14 block of tags and selectors.
fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0x00AD | 0x034F | 0x061C | 0x06DD | 0x070F | 0x08E2 | 0x180E | 0x3164 | 0xFEFF | 0xFFA0
            | 0x0600..=0x0605
            | 0x0890..=0x0891
            | 0x115F..=0x1160
            | 0x17B4..=0x17B5
            | 0x200B..=0x200F
            | 0x2028..=0x202E
            | 0x2060..=0x206F
            | 0xFFF0..=0xFFFB
            | 0x110BD
            | 0x110CD
            | 0x13430..=0x1343F
            | 0x1BCA0..=0x1BCA3
            | 0x1D173..=0x1D17A
            | 0xE0000..=0xE0FFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_06_ansi_bidi_and_invisible_characters_are_inert() {
        for c in [
            "\u{1b}", "\r", "\n", "\t", "\0", "\u{7f}", "\u{9b}", "\u{85}",
        ] {
            assert_eq!(
                Untrusted::new(format!("a{c}b")).to_string(),
                "a\u{fffd}b",
                "{c:?}"
            );
        }
        let bidi = [
            "\u{202a}", "\u{202e}", "\u{2066}", "\u{2069}", "\u{200e}", "\u{200f}", "\u{61c}",
        ];
        let invisible = [
            "\u{200b}",
            "\u{200d}",
            "\u{2060}",
            "\u{feff}",
            "\u{2028}",
            "\u{2029}",
            "\u{ad}",
            "\u{e0041}",
        ];
        for c in bidi.iter().chain(&invisible) {
            assert_eq!(
                Untrusted::new(format!("a{c}b")).to_string(),
                "a\u{fffd}b",
                "{c:?}"
            );
            assert_eq!(
                format!("{:?}", Untrusted::new(format!("a{c}b"))),
                "\"a\u{fffd}b\"",
                "{c:?}"
            );
        }
    }

    #[test]
    fn ordinary_text_of_any_script_stays() {
        let text = "Zugriff verweigert – доступ 拒否 مرفوض 🔒 <b>";
        assert_eq!(Untrusted::new(text).to_string(), text);
    }

    #[test]
    fn long_text_is_cut() {
        let shown = Untrusted::new("ä".repeat(10_000)).to_string();
        assert_eq!(shown.chars().count(), 301);
        assert!(shown.ends_with('…'));
        assert_eq!(Untrusted::new("x".repeat(300)).to_string(), "x".repeat(300));
    }

    #[test]
    fn debug_is_quoted() {
        assert_eq!(format!("{:?}", Untrusted::new("a\"\\b")), r#""a\"\\b""#);
    }

    proptest! {
        #[test]
        fn shown_text_has_no_active_character(text in "\\PC*|.*|[\\x00-\\x20\\u{7f}-\\u{a0}\\u{2000}-\\u{2070}]*") {
            let untrusted = Untrusted::new(text);
            prop_assert!(!untrusted.to_string().chars().any(is_active));
            let debug = format!("{untrusted:?}");
            prop_assert!(!debug.chars().any(is_active));
            prop_assert!(untrusted.to_string().chars().count() <= 301);
        }
    }
}
