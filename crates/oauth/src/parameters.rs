//! Parameters of queries and forms, decoded once and strictly.

/// Decoded `application/x-www-form-urlencoded` parameters, in order, each name once.
/// `Debug` shows names only.
#[derive(Clone, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

/// Why parameters are refused. Names are shown, values never.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParametersError {
    /// The same parameter twice (RFC 6749, section 3.1), also when two names differ in case only and their values differ.
    #[error("the parameter {0:?} is there twice")]
    Repeated(crate::text::Untrusted),
    /// Bad percent-encoding, UTF-8 (overlong too), NUL, CR or LF.
    #[error("the parameters are not well-formed")]
    Malformed,
    /// Over the cap.
    #[error("the parameters are too long")]
    TooLong,
}
impl Parameters {
    /// Parses a query string or form body, without the leading `?`. At most 64 KiB and 100 parameters.
    /// # Errors
    pub fn parse(text: &str) -> Result<Self, ParametersError> { let _ = text; todo!() }
    /// The value of a name; an empty value is none.
    pub fn get(&self, name: &str) -> Option<&str> { let _ = name; todo!() }
    /// All pairs.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> { self.0.iter().map(|(k, v)| (k.as_str(), v.as_str())) }
}
impl std::fmt::Debug for Parameters { fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { todo!() } }
