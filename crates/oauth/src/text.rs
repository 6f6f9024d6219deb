//! Text from strangers, made inert before a person sees it.

/// Text that came from outside (`error_description`, client and user names).
///
/// `Display` and `Debug` replace control characters (ANSI escapes, CR, LF), bidi marks and
/// other invisible format characters, and cap the length; serde is transparent.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Untrusted(String);

impl Untrusted {
    /// Wraps text.
    pub fn new(text: impl Into<String>) -> Self { Self(text.into()) }
    /// The raw text, for comparison only, never for a screen.
    pub fn raw(&self) -> &str { &self.0 }
}
impl std::fmt::Display for Untrusted { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { let _ = f; todo!() } }
impl std::fmt::Debug for Untrusted { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { let _ = f; todo!() } }
