//! Another user of the machine was there first (hostile.md, 19).

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use oarlock_server::{
    config::{
        HttpLimits, ListenAddress, ServerConfig,
        broker::{AuditConfig, KeysHome, StoreConfig},
    },
    service::Server,
};

use crate::scene::{Scene, broker_config};

/// Why a broker in this folder does not start.
async fn refused(folder: &Path) -> String {
    let config = ServerConfig {
        listen: ListenAddress::Bind(([127, 0, 0, 1], 0).into()),
        public_url: None,
        allowed_hosts: Vec::new(),
        trusted_proxies: Vec::new(),
        metrics_listen: None,
        http: HttpLimits::default(),
        tls: None,
        relay: None,
        broker: Some(broker_config(folder)),
    };
    match Server::bind(config, Vec::new()).await {
        Ok(_) => panic!("it starts"),
        Err(error) => error.to_string(),
    }
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Everything that is in a folder, with its bytes.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut all: Vec<_> = entries
        .map(|path| {
            (
                path.display().to_string(),
                fs::read(&path).unwrap_or_default(),
            )
        })
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn hostile_19_a_directory_that_others_can_write_to_is_refused() {
    for open in [0o777, 0o770, 0o1777, 0o722] {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        fs::create_dir(&state).unwrap();
        mode(&state, open);
        let why = refused(folder.path()).await;
        assert!(why.contains("state"), "{open:o}: {why}");
        assert_eq!(contents(&state), [], "{open:o}");
    }
}

#[tokio::test]
async fn hostile_19_a_link_in_the_place_of_a_file_is_not_followed() {
    for name in ["server.db", "server.keys"] {
        let folder = tempfile::tempdir().unwrap();
        let (state, elsewhere) = (folder.path().join("state"), folder.path().join("elsewhere"));
        for place in [&state, &elsewhere] {
            fs::create_dir(place).unwrap();
            mode(place, 0o700);
        }
        let target = elsewhere.join("precious");
        fs::File::create(&target).unwrap();
        mode(&target, 0o600);
        symlink(&target, state.join(name)).unwrap();
        let why = refused(folder.path()).await;
        assert!(why.contains(name), "{name}: {why}");
        assert_eq!(fs::read(&target).unwrap(), b"", "{name}");
        // One that leads nowhere makes nothing there.
        fs::remove_file(&target).unwrap();
        refused(folder.path()).await;
        assert_eq!(contents(&elsewhere), [], "{name}");
    }
}

#[tokio::test]
async fn hostile_19_files_that_others_could_have_read_or_written_are_refused() {
    for name in ["server.db", "server.keys"] {
        for open in [0o644, 0o660, 0o602] {
            let scene = Scene::new().await;
            let folder = scene.stop().await;
            let path = folder.path().join("state").join(name);
            mode(&path, open);
            let why = refused(folder.path()).await;
            assert!(why.contains(name), "{name} {open:o}: {why}");
            mode(&path, 0o600);
            Scene::within(folder, |_| {}).await.stop().await;
        }
    }
}

#[tokio::test]
async fn hostile_19_an_audit_log_that_is_a_link_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("precious");
    fs::File::create(&target).unwrap();
    symlink(&target, folder.path().join("audit.jsonl")).unwrap();
    let why = refused(folder.path()).await;
    assert!(why.contains("audit"), "{why}");
    assert_eq!(fs::read(&target).unwrap(), b"");
}

/// What is made is the owner's alone, whatever the umask says.
#[tokio::test]
async fn hostile_19_what_is_made_is_the_owners_alone() {
    let scene = Scene::with(|config| {
        let StoreConfig::Sqlite(path) = &config.store;
        let deeper = path.parent().unwrap().join("deeper");
        config.store = StoreConfig::Sqlite(deeper.join("server.db"));
        config.keys.home = KeysHome::File(deeper.join("server.keys"));
        config.audit = AuditConfig::File(deeper.join("audit.jsonl"));
    })
    .await;
    crate::flows::tokens(&scene, "openid").await;
    let state = scene.folder.path().join("state");
    let deeper = state.join("deeper");
    for folder in [&state, &deeper] {
        let is = fs::metadata(folder).unwrap().permissions().mode() & 0o777;
        assert_eq!(is, 0o700, "{}", folder.display());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(&deeper).unwrap() {
        let entry = entry.unwrap();
        let is = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(is, 0o600, "{}", entry.path().display());
        names.push(entry.file_name().into_string().unwrap());
    }
    for name in ["server.db", "server.db-wal", "server.keys", "audit.jsonl"] {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
}
