use super::{Framing, Reading};

const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

fn followed(bytes: &str) -> Framing {
    let mut framing = Framing::default();
    framing.follow(bytes.as_bytes());
    framing
}

/// How the requests of one connection are read, however the bytes are cut.
fn readings(bytes: &str, count: u32) -> Vec<Reading> {
    let of = |framing: &Framing| (1..=count).map(|n| framing.reading(n)).collect();
    let whole: Vec<Reading> = of(&followed(bytes));
    for cut in 0..=bytes.len() {
        let mut framing = Framing::default();
        framing.follow(&bytes.as_bytes()[..cut]);
        framing.follow(&bytes.as_bytes()[cut..]);
        assert_eq!(of(&framing), whole, "cut at {cut}: {bytes:?}");
    }
    let mut framing = Framing::default();
    bytes.bytes().for_each(|byte| framing.follow(&[byte]));
    assert_eq!(of(&framing), whole, "byte by byte: {bytes:?}");
    whole
}

#[test]
fn hostile_25_requests_in_a_row_are_told_apart() {
    let post = "POST / HTTP/1.1\r\nContent-Length: 5\r\nhost: a\r\n\r\na\r\n\r\n";
    let all = format!("{GET}{post}\r\n{GET}{post}");
    assert_eq!(
        readings(&all, 5),
        [
            Reading::One,
            Reading::One,
            Reading::One,
            Reading::One,
            Reading::Two,
        ]
    );
    assert!(followed(&all).is_between());
    // What looks like a head inside a body is none.
    let inside = format!(
        "POST / HTTP/1.1\r\ncontent-length: {}\r\n\r\n{GET}",
        GET.len()
    );
    assert_eq!(readings(&inside, 2), [Reading::One, Reading::Two]);
    assert!(followed(&inside).is_between());
}

#[test]
fn what_is_missing_is_known() {
    let mut framing = Framing::default();
    assert!(framing.is_between() && !framing.is_in_head());
    framing.follow(b"POST / HTTP/1.1\r\ncontent-len");
    assert!(!framing.is_between() && framing.is_in_head());
    framing.follow(b"gth: 3\r\n\r\nab");
    assert!(!framing.is_between() && !framing.is_in_head());
    assert_eq!(framing.heads(), 1);
    framing.follow(b"c");
    assert!(framing.is_between());
    framing.follow(b"\r\n");
    assert!(framing.is_in_head(), "an empty line in front of a head");
}

#[test]
fn hostile_25_two_readings_of_a_length() {
    for fields in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "TRANSFER-ENCODING: chunked\r\nCONTENT-LENGTH: 3\r\n",
        "content-length: 0\r\ntransfer-encoding: chunked\r\n",
        "content-length: 3\r\ncontent-length: 3\r\n",
        "content-length: 3\r\ncontent-length: 4\r\n",
        "content-length: 3, 3\r\n",
        "content-length: +3\r\n",
        "content-length: 0x3\r\n",
        "content-length:\r\n",
        "content-length: 99999999999999999999\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: gzip, chunked\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: identity\r\n",
        "transfer-encoding:\r\n",
        "x: a\ncontent-length: 3\r\n",
        "x: a\n",
    ] {
        let padded = fields.replacen(": ", &format!(":{}", " ".repeat(80)), 1);
        for fields in [fields, &padded] {
            let request = format!("POST / HTTP/1.1\r\nhost: a\r\n{fields}\r\nabc{GET}");
            assert_eq!(readings(&request, 2), [Reading::Two; 2], "{fields:?}");
        }
    }
    assert_eq!(
        readings("GET / HTTP/1.1\nhost: a\r\n\r\n", 1),
        [Reading::Two]
    );
    assert_eq!(
        readings("GET / HTTP/1.1\r\nhost: a\r\n\n", 1),
        [Reading::Two]
    );
    // The ones before stay what they are.
    let behind = format!("{GET}POST / HTTP/1.1\r\ncontent-length: 1,1\r\n\r\n");
    assert_eq!(readings(&behind, 2), [Reading::One, Reading::Two]);
}

#[test]
fn one_reading() {
    let long = "x".repeat(300);
    for fields in [
        "Content-Length:3\r\n",
        "content-length: \t 3 \t\r\n",
        "content-length: 0000000000000000003\r\n",
        &format!("content-length-x: {long}\r\ncontent-length: 3\r\nx-transfer-encoding: gzip\r\n"),
        &format!("x: {long}\r\ncontent-length: 3\r\n"),
        &format!("{long}: x\r\ncontent-length: 3\r\n"),
    ] {
        let request = format!("POST / HTTP/1.1\r\n{fields}\r\nabc{GET}");
        assert_eq!(readings(&request, 2), [Reading::One; 2], "{fields:?}");
    }
}

#[test]
fn chunks_are_the_last_of_a_connection() {
    let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let all = format!("{GET}{chunked}{GET}");
    assert_eq!(
        readings(&all, 3),
        [Reading::One, Reading::Final, Reading::Two]
    );
}
