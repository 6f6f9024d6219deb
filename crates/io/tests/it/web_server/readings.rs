//! What can be read in two ways (hostile.md, 25 and 5).

use super::{Served, limits, one_answer, status, to_the_end};
use crate::peer::{Conversation as _, header};

/// One 400, the end, and nothing of what stands behind it.
fn refused(served: &Served, what: &str, request: &str) {
    let answer = served.send(&format!(
        "{request}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    ));
    assert_eq!(status(&answer), "400", "{what}: {answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{what}: {answer}");
    assert_eq!(
        header(&answer, "connection").as_deref(),
        Some("close"),
        "{what}: {answer}"
    );
    assert!(!answer.contains("smuggled"), "{what}: {answer}");
}

#[test]
fn hostile_25_one_reading_only() {
    let served = Served::new(limits());
    for (what, fields) in [
        (
            "length and chunks",
            "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        ),
        (
            "chunks and length",
            "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        ),
        (
            "the same length twice",
            "Content-Length: 3\r\nContent-Length: 3\r\n",
        ),
        ("two lengths", "Content-Length: 3\r\nContent-Length: 4\r\n"),
        ("a list of lengths", "Content-Length: 3, 3\r\n"),
        ("a signed length", "Content-Length: +3\r\n"),
        ("a length in another system", "Content-Length: 0x3\r\n"),
        ("no length", "Content-Length: \r\n"),
        ("a huge length", "Content-Length: 18446744073709551619\r\n"),
        (
            "chunks twice",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        ),
        (
            "chunks not last",
            "Transfer-Encoding: chunked, identity\r\n",
        ),
        (
            "a coding before chunks",
            "Transfer-Encoding: gzip, chunked\r\n",
        ),
        ("another coding", "Transfer-Encoding: gzip\r\n"),
        ("no chunks", "Transfer-Encoding: identity\r\n"),
        ("a quoted coding", "Transfer-Encoding: \"chunked\"\r\n"),
        ("a vertical tab", "Transfer-Encoding: \u{b}chunked\r\n"),
        ("a folded coding", "Transfer-Encoding:\r\n chunked\r\n"),
        ("a folded header", "X: a\r\n b\r\n"),
        ("a first line folded", " X: a\r\n"),
        ("a blank before the colon", "Content-Length : 3\r\n"),
        ("a line without a colon", "Content-Length\r\n"),
        ("a lone CR", "X: a\rb\r\n"),
        ("a CR before the length", "X: a\rContent-Length: 3\r\n"),
        ("a lone LF", "X: a\nContent-Length: 3\r\n"),
        ("a NUL", "X: a\0b\r\n"),
        ("a NUL in a name", "X\0: a\r\n"),
    ] {
        refused(
            &served,
            what,
            &format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n"),
        );
    }
    refused(&served, "LF ends lines", "GET / HTTP/1.1\nHost: a\n\n");
    let old = "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let answer = served.send(old);
    assert_eq!(status(&answer), "400", "{answer}");
}

#[test]
fn hostile_25_the_second_request_of_a_connection_is_read_as_strictly() {
    let served = Served::new(limits());
    let get = "GET /first HTTP/1.1\r\nHost: a\r\n\r\n";
    let both = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let mut stream = served.connect();
    stream.say(get);
    one_answer(&mut stream);
    stream.say(&format!("{both}{get}"));
    let answer = to_the_end(&mut stream);
    assert_eq!(status(&answer), "400");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    // Without waiting: the first is answered, the second refused, the third ignored.
    let answer = served.send(&format!("{get}{both}{get}"));
    assert_eq!(answer.matches("HTTP/1.1").count(), 2, "{answer}");
    assert!(
        status(&answer) == "200" && answer.contains("HTTP/1.1 400"),
        "{answer}"
    );
}

#[test]
fn hostile_25_after_chunks_the_connection_is_closed() {
    let served = Served::new(limits());
    let chunked = "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for behind in ["", "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"] {
        let answer = served.send(&format!("{chunked}3\r\na=b\r\n0\r\n\r\n{behind}"));
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
        assert!(answer.ends_with("POST /c a=b"), "{answer}");
        assert_eq!(header(&answer, "connection").unwrap(), "close");
    }
    for (what, body) in [
        ("no size", "zz\r\n"),
        ("a negative size", "-3\r\nabc\r\n0\r\n\r\n"),
        ("no CR LF behind a chunk", "3\r\nabcd\r\n0\r\n\r\n"),
        ("a size beyond 64 bits", "fffffffffffffffff\r\nabc"),
    ] {
        let answer = served.send(&format!("{chunked}{body}"));
        assert_eq!(status(&answer), "400", "{what}: {answer}");
    }
}

#[test]
fn hostile_25_the_absolute_form_names_the_same_host() {
    let served = Served::new(limits());
    let of = |target: &str, host: &str| {
        let answer = served.send(&format!(
            "GET {target} HTTP/1.1\r\n{host}Connection: close\r\n\r\n"
        ));
        status(&answer).to_owned()
    };
    assert_eq!(of("http://good.example/x", "Host: good.example\r\n"), "200");
    assert_eq!(
        of("http://good.example:81/x", "Host: GOOD.example:81\r\n"),
        "200"
    );
    for host in [
        "Host: evil.example\r\n",
        "Host: good.example:80\r\n",
        "Host: good.example\r\nHost: good.example\r\n",
        "",
    ] {
        assert_eq!(of("http://good.example/x", host), "400", "{host:?}");
    }
    assert_eq!(
        of("http://evil@good.example/x", "Host: good.example\r\n"),
        "400"
    );
    let tunnel = served.send("CONNECT good.example:80 HTTP/1.1\r\nHost: good.example:80\r\n\r\n");
    assert_eq!(status(&tunnel), "501");
}

#[test]
fn hostile_05_line_breaks_do_not_get_through() {
    let served = Served::new(limits());
    let answer = served.get("/a%0d%0aset-cookie:%20x=1%00");
    assert_eq!(header(&answer, "set-cookie"), None);
    assert!(
        answer.ends_with("/a%0d%0aset-cookie:%20x=1%00 "),
        "{answer}"
    );
    for raw in ["/\u{0}", "/a b", "/\u{7f}", "/a\rb", "//a\u{1}"] {
        assert_eq!(status(&served.get(raw)), "400", "{raw:?}");
    }
}

#[test]
fn what_is_not_http_1_harms_nobody() {
    let served = Served::new(limits());
    let preface = served.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert!(["400", "none"].contains(&status(&preface)), "{preface}");
    let hello = served.send("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\n\n");
    assert!(["400", "none"].contains(&status(&hello)), "{hello}");
    assert_eq!(status(&served.send("GET / HTTP/3.0\r\n\r\n")), "400");
    assert_eq!(status(&served.get("/")), "200");
}
