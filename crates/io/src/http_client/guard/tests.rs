use super::{Filter, ResolveError, check_literal, is_loopback, is_public};
use std::{io, net::SocketAddr};
use url::Url;

#[test]
fn hostile_16_special_addresses_are_not_public() {
    let special = [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.8.8.8",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "168.63.129.16",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a00:1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:ffff::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2002:a9fe:a9fe::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "4000::1",
    ];
    for address in special {
        assert!(
            !is_public(address.parse().unwrap()),
            "{address} is not public"
        );
    }
    let public = [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "169.253.1.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "192.167.1.1",
        "198.17.1.1",
        "198.20.0.1",
        "223.255.255.255",
        "168.63.129.17",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2002:808:808::1",
        "2606:4700::1111",
        "2a00:1450::1",
        "3ffe::1",
    ];
    for address in public {
        assert!(is_public(address.parse().unwrap()), "{address} is public");
    }
}

#[test]
fn hostile_16_disguised_literals_are_seen_through() {
    let refused = [
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://017700000001/",
        "https://127.1/",
        "https://[::1]/",
        "https://[::ffff:a00:1]/",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://a.localhost/",
        "https://169.254.169.254/latest/",
        "https://%31%32%37.0.0.1/",
        "https://１２７.0.0.1/",
    ];
    for url in refused {
        assert!(check_literal(&Url::parse(url).unwrap()).is_err(), "{url}");
    }
    for url in [
        "https://example.com/",
        "https://1.1.1.1/",
        "https://localhost.example/",
    ] {
        assert!(check_literal(&Url::parse(url).unwrap()).is_ok(), "{url}");
    }
}

#[test]
fn plain_http_is_for_loopback_alone() {
    let loopback = |url: &str| is_loopback(&Url::parse(url).unwrap());
    assert!(loopback("http://127.0.0.1:1/"));
    assert!(loopback("http://127.9.9.9/"));
    assert!(loopback("http://[::1]/"));
    assert!(loopback("http://localhost:80/"));
    assert!(!loopback("http://localhost.example.com/"));
    assert!(!loopback("http://10.0.0.1/"));
    assert!(!loopback("http://0.0.0.0/"));
}

fn addresses(list: &[&str]) -> io::Result<Vec<SocketAddr>> {
    Ok(list
        .iter()
        .map(|ip| SocketAddr::new(ip.parse().unwrap(), 0))
        .collect())
}

#[test]
fn hostile_16_private_addresses_of_a_name_are_dropped() {
    let mixed = addresses(&["10.0.0.1", "8.8.8.8", "::1"]);
    let kept = Filter::Public.apply("a.example", mixed).unwrap();
    assert_eq!(kept, addresses(&["8.8.8.8"]).unwrap());
    let private = Filter::Public.apply("a.example", addresses(&["10.0.0.1", "fe80::1"]));
    assert!(matches!(private, Err(ResolveError::Forbidden { host }) if host == "a.example"));
    let none = Filter::Public.apply("a.example", addresses(&[]));
    assert!(matches!(none, Err(ResolveError::Unknown { .. })));
}

#[test]
fn localhost_never_leaves_the_machine() {
    let kept = Filter::Loopback.apply("localhost", addresses(&["127.0.0.1", "93.184.216.34"]));
    assert_eq!(kept.unwrap(), addresses(&["127.0.0.1"]).unwrap());
    assert!(
        Filter::Loopback
            .apply("localhost", addresses(&["93.184.216.34"]))
            .is_err()
    );
}
