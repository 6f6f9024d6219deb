//! Scopes (RFC 6749, section 3.3): an ordered set of tokens.

/// Scopes in the order given, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// Splits at white space and commas alike (GitHub answers with commas); never fails, bad characters are dropped with their token.
    pub fn parse(text: &str) -> Self { let _ = text; todo!() }
    /// Joined by the separator the provider expects.
    pub fn join(&self, separator: char) -> String { let _ = separator; todo!() }
    /// Adds one, if it is not there.
    pub fn insert(&mut self, scope: &str) { let _ = scope; todo!() }
    /// Whether it is there.
    pub fn contains(&self, scope: &str) -> bool { let _ = scope; todo!() }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool { self.0.is_empty() }
    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &str> { self.0.iter().map(String::as_str) }
}
// serde: Serialize as a space-separated string; Deserialize from a string or a list of strings.
impl serde::Serialize for Scopes { fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> { todo!() } }
impl<'de> serde::Deserialize<'de> for Scopes { fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> { todo!() } }
