//! Just enough of a reader of HTML for pages whose attributes are all quoted and escaped; whatever is not so makes it panic.

/// Elements that pages are made of. None runs, embeds or fetches.
pub(super) const ALLOWED: &[&str] = &[
    "a", "b", "bdi", "body", "button", "circle", "code", "dd", "div", "dl", "dt", "footer", "form",
    "h1", "h2", "head", "html", "input", "kbd", "label", "li", "link", "main", "meta", "nav", "p",
    "path", "rect", "section", "small", "span", "style", "svg", "textarea", "title", "ul",
];

/// A page, taken apart.
pub(super) struct Markup<'a> {
    pub(super) tags: Vec<Tag<'a>>,
    /// What is between the tags, but the style.
    pub(super) text: String,
}

/// An opening tag.
pub(super) struct Tag<'a> {
    pub(super) name: &'a str,
    pub(super) attributes: Vec<(&'a str, String)>,
}

impl<'a> Markup<'a> {
    pub(super) fn read(html: &'a str) -> Self {
        let mut page = Self {
            tags: Vec::new(),
            text: String::new(),
        };
        let html = html.strip_prefix("<!doctype html>").unwrap_or(html);
        let mut pieces = html.split('<');
        page.text.push_str(pieces.next().unwrap());
        for piece in pieces {
            let (tag, text) = piece.split_once('>').unwrap();
            assert!(
                !text.contains('>') || tag == "style",
                "a loose > in {piece}"
            );
            if tag != "style" {
                page.text.push_str(&unescaped(text));
            }
            if !tag.starts_with('/') {
                page.tags.push(Tag::read(tag.trim_end_matches('/')));
            }
        }
        page
    }

    pub(super) fn count(&self, name: &str) -> usize {
        self.tags.iter().filter(|tag| tag.name == name).count()
    }

    pub(super) fn attributes<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'b str> {
        self.tags.iter().filter_map(move |tag| tag.attribute(name))
    }

    /// Values of the controls of this name.
    pub(super) fn field(&self, name: &str) -> Vec<&str> {
        self.tags
            .iter()
            .filter(|tag| tag.attribute("name") == Some(name))
            .map(|tag| tag.attribute("value").unwrap())
            .collect()
    }
}

impl<'a> Tag<'a> {
    fn read(tag: &'a str) -> Self {
        let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut attributes = Vec::new();
        while !rest.trim_start().is_empty() {
            rest = rest.trim_start();
            let end = rest.find([' ', '=']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase()
                    || matches!(b, b'-' | b'_')
                    || b.is_ascii_digit()
                    || name == "viewBox"),
                "{name:?} in {tag}"
            );
            match after.strip_prefix("=\"") {
                Some(quoted) => {
                    let (value, after) = quoted.split_once('"').unwrap();
                    attributes.push((name, unescaped(value)));
                    rest = after;
                }
                None => {
                    assert!(!after.starts_with('='), "unquoted in {tag}");
                    attributes.push((name, String::new()));
                    rest = after;
                }
            }
        }
        Self { name, attributes }
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let mut found = self.attributes.iter().filter(|(other, _)| *other == name);
        found.next().map(|(_, value)| value.as_str())
    }
}

fn unescaped(text: &str) -> String {
    let mut plain = text.to_owned();
    for (escape, character) in [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
    ] {
        plain = plain.replace(escape, character);
    }
    plain
}
