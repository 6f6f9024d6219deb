//! A full disk (hostile.md, 28 and 35): a small one, in a mount namespace of the child's own.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    path::Path,
    process::Command,
};

use oarlock_server::config::broker::{AuditConfig, KeysHome, StoreConfig};

use super::child;
use crate::{
    flows::{authorize, code, redeem, tokens, userinfo},
    person::Person,
    scene::{Reply, Scene},
};

fn fill(directory: &Path) {
    let path = directory.join("filler");
    let mut file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    for size in [4096, 1] {
        loop {
            match file.write_all(&vec![b'f'; size]) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

async fn refresh(scene: &Scene, token: &str) -> Reply {
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "oarlock"),
        ("refresh_token", token),
    ];
    scene.form("/token", &fields).await
}

fn says_when_to_come_back(reply: &Reply) {
    assert_eq!(reply.status, 503, "{reply:?}");
    assert!(reply.header("retry-after").is_some(), "{reply:?}");
}

/// The child of [`hostile_28_with_a_full_disk_nothing_is_spent_and_with_room_it_goes_on`].
pub(super) async fn serve_on_a_full_disk(disk: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::within(folder, |config| {
        config.store = StoreConfig::Sqlite(disk.join("state").join("server.db"));
        config.keys.home = KeysHome::File(disk.join("state").join("server.keys"));
        config.audit = AuditConfig::File(disk.join("state").join("audit.jsonl"));
        config.limits.logins_per_minute = 0;
    })
    .await;
    let before = tokens(&scene, "openid").await;
    let access = before["access_token"].as_str().unwrap();
    let mut present = before["refresh_token"].as_str().unwrap().to_owned();
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let onward = ada.sign_in(&scene, &page, "ada").await;
    let bought = code(&onward);
    fill(disk);
    // What the log has room for still goes in; then nothing does.
    let mut tries = 0;
    loop {
        let reply = refresh(&scene, &present).await;
        if reply.status != 200 {
            says_when_to_come_back(&reply);
            assert_eq!(reply.json()["error"], "temporarily_unavailable");
            break;
        }
        present = reply.json()["refresh_token"].as_str().unwrap().to_owned();
        tries += 1;
        assert!(tries < 10_000);
    }
    says_when_to_come_back(&redeem(&scene, &bought).await);
    let page = ada.get(&scene, &authorize("openid")).await;
    assert_eq!(
        page.status, 200,
        "what is only looked at is there: {page:?}"
    );
    says_when_to_come_back(&ada.press(&scene, &page, "upstream", "dev").await);
    assert_eq!(scene.get("/readyz").await.status, 503);
    assert_eq!(userinfo(&scene, access).await.status, 200);
    // With room it goes on by itself, and nothing was spent.
    fs::remove_file(disk.join("filler")).unwrap();
    assert_eq!(redeem(&scene, &bought).await.status, 200);
    assert_eq!(refresh(&scene, &present).await.status, 200);
    let onward = ada.sign_in(&scene, &page, "ada").await;
    assert_eq!(redeem(&scene, &code(&onward)).await.status, 200);
    assert_eq!(scene.get("/readyz").await.status, 200);
    scene.stop().await;
}

#[test]
fn hostile_28_with_a_full_disk_nothing_is_spent_and_with_room_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let flags = ["-rm", "-m"].into_iter().find(|flags| {
        let tried = Command::new("unshare").args([flags, "true"]).output();
        tried.is_ok_and(|output| output.status.success())
    });
    let flags = flags.expect(
        "this test needs a mount namespace: `unshare -rm true` must work (util-linux, and user namespaces or root)",
    );
    let setup = "mount -t tmpfs -o size=2m,mode=700 none \"$OARLOCK_TEST_TARGET\"";
    let shell = ["unshare", flags, "sh"];
    let output = child::command(&shell, setup, "serve on a full disk", &disk)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
