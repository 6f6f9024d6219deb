use super::{Tls, TlsError};
use crate::private::PrivateError;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

fn put(path: &Path, content: &str, mode: u32) {
    #[expect(clippy::disallowed_methods, reason = "a file as others write it")]
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A certificate and its key in files.
fn pair(folder: &Path) -> (PathBuf, PathBuf) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["a".into()]).unwrap();
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    put(&certificate, &cert.pem(), 0o644);
    put(&key, &signing_key.serialize_pem(), 0o600);
    (certificate, key)
}

#[test]
fn hostile_19_a_key_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = pair(folder.path());
    Tls::load(&certificate, &key).unwrap();
    for mode in [0o644, 0o640, 0o604] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        let error = Tls::load(&certificate, &key).unwrap_err();
        assert!(
            matches!(error, TlsError::File(PrivateError::Mode { .. })),
            "{mode:o}: {error}"
        );
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(&certificate, fs::Permissions::from_mode(0o666)).unwrap();
    let error = Tls::load(&certificate, &key).unwrap_err();
    assert!(
        matches!(error, TlsError::File(PrivateError::Writable { .. })),
        "{error}"
    );
}

#[test]
fn what_is_wrong_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = pair(folder.path());
    let error = |certificate: &Path, key: &Path| {
        let error = Tls::load(certificate, key).unwrap_err();
        assert!(!error.to_string().contains("MIG"), "{error}");
        error.to_string()
    };
    let none = folder.path().join("none");
    assert!(error(&none, &key).contains("no certificate at"));
    assert!(error(&certificate, &none).contains("no key at"));
    let other = folder.path().join("other.pem");
    put(&other, &KeyPair::generate().unwrap().serialize_pem(), 0o600);
    assert!(error(&certificate, &other).contains("does not belong"));
    assert!(error(&key, &key).contains("no certificate in it"));
    assert!(error(&certificate, &certificate).contains("can be accessed by others"));
    let locked = folder.path().join("locked.pem");
    let pem = fs::read_to_string(&key).unwrap();
    put(
        &locked,
        &pem.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
        0o600,
    );
    assert!(error(&certificate, &locked).contains("without a password"));
    put(
        &locked,
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        0o600,
    );
    assert!(error(&certificate, &locked).contains("cannot be used"));
}

#[test]
fn a_broken_new_pair_leaves_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = pair(folder.path());
    let tls = Tls::load(&certificate, &key).unwrap();
    let before = tls.config();
    put(&key, &KeyPair::generate().unwrap().serialize_pem(), 0o600);
    tls.reload().unwrap_err();
    put(&key, "", 0o600);
    tls.reload().unwrap_err();
    assert!(Arc::ptr_eq(&before, &tls.config()));
    pair(folder.path());
    tls.reload().unwrap();
    assert!(!Arc::ptr_eq(&before, &tls.config()));
}
