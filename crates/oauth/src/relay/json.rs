//! JSON objects of strangers: each name once, not too deep, wiped on drop.

use std::{
    cell::{Cell, RefCell},
    fmt,
};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use zeroize::Zeroize as _;

/// How deep objects and arrays may nest, the outermost counted.
pub(super) const MAX_DEPTH: usize = 16;

/// Why it is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum JsonError {
    /// No JSON, no object, or too deep.
    Malformed,
    /// A name twice in one object.
    Repeated(String),
    /// More values than were asked for.
    TooMany,
}

/// An object whose values are wiped on drop.
pub(super) struct Object(pub(super) Map<String, Value>);

impl Object {
    /// Reads an object (RFC 8259) in UTF-8 without a byte order mark.
    ///
    /// Of a name that is there twice, different readers take different values, so it is an error at every depth. Numbers
    /// beyond 64 bits become floating-point ones, as with most readers.
    ///
    /// It has at most `most` members and elements, at every depth: `{"a":1},` takes 8 bytes on the wire and some 700 here.
    pub(super) fn parse(text: &[u8], most: usize) -> Result<Self, JsonError> {
        let repeated = RefCell::new(None);
        let left = Cell::new(Some(most));
        let nested = Nested {
            depth: MAX_DEPTH,
            left: &left,
            repeated: &repeated,
        };
        let mut reader = serde_json::Deserializer::from_slice(text);
        let value = nested
            .deserialize(&mut reader)
            .and_then(|value| reader.end().map(|()| value));
        match (value, repeated.take()) {
            (Ok(Value::Object(map)), _) => Ok(Self(map)),
            (Err(_), Some(name)) => Err(JsonError::Repeated(name)),
            (Err(_), None) if left.get().is_none() => Err(JsonError::TooMany),
            (Ok(_) | Err(_), _) => Err(JsonError::Malformed),
        }
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

/// Wipes every text in a value.
pub(super) fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(map) => map.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Reads any value with so many levels and values left.
#[derive(Clone, Copy)]
struct Nested<'a> {
    depth: usize,
    /// `None`: there were more.
    left: &'a Cell<Option<usize>>,
    repeated: &'a RefCell<Option<String>>,
}

impl Nested<'_> {
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth = self
            .depth
            .checked_sub(1)
            .ok_or_else(|| E::custom("too deep"))?;
        Ok(Self { depth, ..self })
    }

    fn count<E: serde::de::Error>(self) -> Result<(), E> {
        self.left
            .set(self.left.get().and_then(|left| left.checked_sub(1)));
        match self.left.get() {
            Some(_) => Ok(()),
            None => Err(E::custom("too many")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Nested<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nested<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(inside)? {
            self.count()?;
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        // Wiped when a later member is broken.
        let mut object = Object(Map::new());
        while let Some(name) = members.next_key::<String>()? {
            if object.0.contains_key(&name) {
                self.repeated.replace(Some(name));
                return Err(A::Error::custom("a name is there twice"));
            }
            self.count()?;
            let value = members.next_value_seed(inside)?;
            object.0.insert(name, value);
        }
        Ok(Value::Object(std::mem::take(&mut object.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MOST: usize = 256;

    fn parse(text: &str) -> Result<Map<String, Value>, JsonError> {
        Object::parse(text.as_bytes(), MOST).map(|object| object.0.clone())
    }

    fn nested(depth: usize, opening: &str, closing: &str) -> String {
        format!(
            "{{\"a\":{}1{}}}",
            opening.repeat(depth - 1),
            closing.repeat(depth - 1)
        )
    }

    #[test]
    fn objects_are_read_as_serde_json_reads_them() {
        let text = r#" {"a":[1,-2,1.5,"x\u00e4\n",null,true,{}],"b":{"a":1},"A":18446744073709551615,"c":1e300} "#;
        assert_eq!(
            Value::Object(parse(text).unwrap()),
            serde_json::from_str::<Value>(text).unwrap()
        );
    }

    #[test]
    fn hostile_03_nesting_ends_at_sixteen() {
        assert!(parse(&nested(16, "[", "]")).is_ok());
        assert!(parse(&nested(16, "{\"a\":", "}")).is_ok());
        for text in [
            nested(17, "[", "]"),
            nested(17, "{\"a\":", "}"),
            format!("{{\"a\":{}", "[".repeat(60_000)),
            "{\"a\":".repeat(10_000),
        ] {
            assert_eq!(parse(&text), Err(JsonError::Malformed));
        }
    }

    #[test]
    fn hostile_38_memory_for_many_small_values_is_bounded() {
        let members = |count: usize| format!("{{\"a\":[{}1]}}", "1,".repeat(count - 2));
        assert!(parse(&members(MOST)).is_ok());
        assert_eq!(parse(&members(MOST + 1)), Err(JsonError::TooMany));
        let objects = |count: usize| format!("{{\"a\":[{}1]}}", "{\"a\":1},".repeat(count / 2 - 1));
        assert!(parse(&objects(MOST)).is_ok());
        assert_eq!(parse(&objects(MOST + 2)), Err(JsonError::TooMany));
    }

    #[test]
    fn hostile_03_a_name_twice_is_refused_at_every_depth() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"b":1,"a":1,"c":2,"\u0061":null}"#,
            r#"{"b":[{"c":{"a":[],"a":[]}}]}"#,
        ] {
            assert_eq!(
                parse(text),
                Err(JsonError::Repeated("a".to_owned())),
                "{text}"
            );
        }
        assert!(parse(r#"{"a":{"a":1},"A":2}"#).is_ok());
    }

    #[test]
    fn hostile_03_what_is_no_object_is_refused() {
        for text in [
            "",
            " ",
            "1",
            "null",
            "\"a\"",
            "[]",
            "[{}]",
            "{",
            "{}x",
            "{}{}",
            "{\"a\"}",
            "{a:1}",
            "{'a':1}",
            "{\"a\":1,}",
            "{\"a\":01}",
            "{\"a\":1e999}",
            "{\"a\":NaN}",
            "{\"a\":\"\u{1}\"}",
            "{\"a\":\"\\ud800\"}",
            "\u{feff}{}",
            "{}\0",
            "// a\n{}",
        ] {
            assert_eq!(parse(text), Err(JsonError::Malformed), "{text:?}");
        }
        for bytes in [
            &b"{\"a\":\"\xff\"}"[..],
            b"{\"\xc0\xae\":1}",
            b"{\"a\":\"\xed\xa0\x80\"}",
            b"\xff\xfe{\0}\0",
        ] {
            assert!(Object::parse(bytes, MOST).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn texts_are_wiped() {
        let mut value: Value = serde_json::from_str(r#"[{"a":["canary",1]},"canary"]"#).unwrap();
        wipe(&mut value);
        assert!(!value.to_string().contains("canary"));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in ".*|[\\[\\]{}\":,a0-9e.\\\\-]*") {
            if let Ok(object) = Object::parse(&bytes, MOST).or_else(|_| Object::parse(text.as_bytes(), MOST)) {
                let written = serde_json::to_vec(&object.0).unwrap();
                prop_assert_eq!(&Object::parse(&written, MOST).unwrap().0, &object.0);
            }
        }

        #[test]
        fn floating_point_numbers_come_back(number in any::<f64>().prop_filter("JSON has no others", |number| number.is_finite())) {
            let text = format!("{{\"a\":{number:e}}}");
            prop_assert_eq!(parse(&text).unwrap().get("a").and_then(Value::as_f64), Some(number));
        }
    }
}
