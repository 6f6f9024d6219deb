//! A naive reader of HTML: tags and their attributes, no tree.
use std::collections::BTreeMap;

/// An opening tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tag {
    /// In lower case; with `/` before it for a closing one.
    pub(crate) name: String,
    /// Names in lower case, values decoded; a value that is missing is empty.
    pub(crate) attributes: BTreeMap<String, String>,
    /// The text up to the next tag.
    pub(crate) text: String,
}

impl Tag {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.attributes.contains_key(name)
    }
}

/// Every tag in order. Comments, scripts and styles are passed over.
pub(crate) fn tags(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        if let Some(comment) = after.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let (mut tag, after) = one(after);
        let raw = matches!(tag.name.as_str(), "script" | "style");
        let end = if raw {
            format!("</{}", tag.name)
        } else {
            "<".to_owned()
        };
        let length = after.find(&end).unwrap_or(after.len());
        let (text, after) = after.split_at_checked(length).unwrap_or((after, ""));
        tag.text = decode(text.trim());
        tags.push(tag);
        rest = after;
    }
    tags
}

/// Reads a tag after its `<`.
fn one(text: &str) -> (Tag, &str) {
    let end = text
        .find(|c: char| c.is_whitespace() || c == '>')
        .unwrap_or(text.len());
    let (name, mut rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let mut tag = Tag {
        name: name.trim_end_matches('/').to_ascii_lowercase(),
        ..Tag::default()
    };
    if name.starts_with('/') {
        tag.name = name.to_ascii_lowercase();
    }
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return (tag, after);
        }
        if rest.is_empty() {
            return (tag, rest);
        }
        rest = attribute(rest, &mut tag.attributes);
    }
}

/// Reads one attribute. The first of a name counts.
fn attribute<'a>(text: &'a str, attributes: &mut BTreeMap<String, String>) -> &'a str {
    let end = text
        .char_indices()
        .skip(1)
        .find(|(_, c)| c.is_whitespace() || ['=', '>', '/'].contains(c))
        .map_or(text.len(), |(position, _)| position);
    let (name, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let (value, rest) = match rest.trim_start().strip_prefix('=') {
        Some(rest) => value(rest.trim_start()),
        None => ("", rest),
    };
    attributes
        .entry(name.to_ascii_lowercase())
        .or_insert_with(|| decode(value));
    rest
}

fn value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    let end = text
        .find(|c: char| c.is_whitespace() || c == '>')
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The character references that servers write into attributes.
fn decode(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        decoded.push_str(before);
        let reference = after
            .split_once(';')
            .and_then(|(name, after)| Some((character(name)?, after)));
        match reference {
            Some((character, after)) => {
                decoded.push(character);
                rest = after;
            }
            None => {
                decoded.push('&');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_names_attributes_and_text() {
        let html = "<!-- <input name=no> --><script>if (a < b) '<form>'</script>\
                    <FORM Action='/a?b=1&amp;c=2' method=post><input name=\"x\" value=\"&#39;&lt;&#x41;&\" checked/>\
                    <button name=d value=yes> Go on </button></form>";
        let all = tags(html);
        let names: Vec<_> = all.iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "script", "/script", "form", "input", "button", "/button", "/form"
            ]
        );
        assert_eq!(all[2].get("action"), Some("/a?b=1&c=2"));
        assert_eq!(all[2].get("method"), Some("post"));
        assert_eq!(all[3].get("value"), Some("'<A&"));
        assert!(all[3].has("checked"));
        assert_eq!(all[4].text, "Go on");
    }

    #[test]
    fn broken_html_ends() {
        for html in [
            "<",
            "<form",
            "<form a",
            "<form a=",
            "<form a='",
            "<!--",
            "<script>",
            "<é =",
            "< >",
            "<a =b>",
        ] {
            tags(html);
        }
    }
}
