//! One event as one line.

use std::fmt::{self, Debug, Write as _};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use super::Format;
use crate::{Clock as _, SystemClock};

/// Writes events in a format.
pub(super) struct Line(pub(super) Format);

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut said = Said::default();
        event.record(&mut said);
        let line = match self.0 {
            Format::Text => said.text(*event.metadata().level(), writer.has_ansi_escapes()),
            Format::Json => said.json(*event.metadata().level(), event.metadata().target()),
        };
        writer.write_str(&line)
    }
}

/// What an event says.
#[derive(Default)]
struct Said {
    message: String,
    fields: Vec<(&'static str, Value)>,
}

enum Value {
    /// A number or a truth value, as it is.
    Plain(String),
    Text(String),
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = text;
        } else {
            self.fields.push((field.name(), Value::Text(text)));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field, value.to_string());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field, value.to_string());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, value.to_string());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.plain(field, value.to_string());
        } else {
            self.record_debug(field, &value);
        }
    }
}

impl Said {
    fn plain(&mut self, field: &Field, value: String) {
        self.fields.push((field.name(), Value::Plain(value)));
    }

    fn text(&self, level: Level, colour: bool) -> String {
        let mut line = format!("{} ", time());
        match colour.then(|| paint(level)) {
            Some(paint) => line.push_str(&format!("\x1b[{paint}m{level}\x1b[0m ")),
            None => line.push_str(&format!("{level} ")),
        }
        escape(&self.message, false, &mut line);
        for (name, value) in &self.fields {
            line.push_str(&format!(" {name}="));
            match value {
                Value::Plain(value) => line.push_str(value),
                Value::Text(value) if is_plain_word(value) => line.push_str(value),
                Value::Text(value) => quote(value, &mut line),
            }
        }
        line.push('\n');
        line
    }

    fn json(&self, level: Level, target: &str) -> String {
        let level = level.as_str().to_ascii_lowercase();
        let mut line = format!(r#"{{"time":"{}","level":"{level}","message":"#, time());
        quote(&self.message, &mut line);
        line.push_str(r#","target":"#);
        quote(target, &mut line);
        for (name, value) in &self.fields {
            line.push(',');
            quote(name, &mut line);
            line.push(':');
            match value {
                Value::Plain(value) => line.push_str(value),
                Value::Text(value) => quote(value, &mut line),
            }
        }
        line.push_str("}\n");
        line
    }
}

/// UTC, with milliseconds.
fn time() -> String {
    format!("{:.3}", SystemClock.now())
}

fn paint(level: Level) -> &'static str {
    match level {
        Level::ERROR => "31",
        Level::WARN => "33",
        Level::INFO => "32",
        _ => "2",
    }
}

/// Whether a value needs no quotes to be told apart from what follows.
fn is_plain_word(value: &str) -> bool {
    !value.is_empty()
        && !value.contains(|c: char| c.is_whitespace() || c == '"' || c == '\\' || is_unsafe(c))
}

/// As a JSON string.
fn quote(text: &str, line: &mut String) {
    line.push('"');
    escape(text, true, line);
    line.push('"');
}

/// Escapes as JSON does, and what a terminal or a reader could be deceived with.
fn escape(text: &str, quoted: bool, line: &mut String) {
    for character in text.chars() {
        match character {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            '"' | '\\' if quoted => {
                line.push('\\');
                line.push(character);
            }
            _ if is_unsafe(character) => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    write!(line, "\\u{unit:04x}").unwrap_or_default();
                }
            }
            _ => line.push(character),
        }
    }
}

/// Control characters, line and paragraph separators, marks that turn text around or cannot be seen.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::{Format, Line};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(format: Format, say: impl FnOnce()) -> String {
        let (written, writer) = {
            let written = Written::default();
            (written.clone(), move || written.clone())
        };
        let layer = tracing_subscriber::fmt::layer()
            .event_format(Line(format))
            .with_ansi(false)
            .with_writer(writer);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), say);
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn say() {
        let (path, port, open) = ("/run/relay sock", 5001_u16, true);
        tracing::info!(path, port, open, share = 0.5, face = %"tcp", "listening");
    }

    #[test]
    fn a_line_for_people() {
        let line = written(Format::Text, say);
        let (time, rest) = line.split_once(' ').unwrap();
        assert!(time.len() == 24 && time.ends_with('Z'), "{line}");
        assert_eq!(
            rest,
            "INFO listening path=\"/run/relay sock\" port=5001 open=true share=0.5 face=tcp\n"
        );
    }

    #[test]
    fn a_line_for_machines() {
        let line = written(Format::Json, say);
        let (time, rest) = line.split_at(r#"{"time":"2026-11-21T13:37:40.123Z""#.len());
        assert!(
            time.starts_with(r#"{"time":"2"#) && time.ends_with(r#"Z""#),
            "{line}"
        );
        assert_eq!(
            rest,
            ",\"level\":\"info\",\"message\":\"listening\",\"target\":\"oarlock_io::telemetry::line::tests\",\
             \"path\":\"/run/relay sock\",\"port\":5001,\"open\":true,\"share\":0.5,\"face\":\"tcp\"}\n"
        );
        let not_a_number = written(Format::Json, || tracing::info!(share = f64::NAN, "x"));
        assert!(
            not_a_number.ends_with("\"share\":\"NaN\"}\n"),
            "{not_a_number}"
        );
    }

    #[test]
    fn hostile_05_a_line_break_in_a_value_makes_no_second_line() {
        for format in [Format::Text, Format::Json] {
            let line = written(format, || {
                let value = "a\r\nb\u{85}c\u{2028}d\0";
                tracing::warn!(value, "said: {value}");
            });
            assert_eq!(line.matches('\n').count(), 1, "{line}");
            assert!(line.contains(r"a\r\nb\u0085c\u2028d\u0000"), "{line}");
        }
    }

    #[test]
    fn hostile_06_escapes_and_bidi_marks_are_inert() {
        for format in [Format::Text, Format::Json] {
            let line = written(format, || {
                let value = "\x1b[31mred\u{202e}\u{9b}\u{e0041} \"quoted\\";
                tracing::warn!(value, "seen");
            });
            assert!(
                line.contains(r#""\u001b[31mred\u202e\u009b\udb40\udc41 \"quoted\\""#),
                "{line}"
            );
        }
    }
}
