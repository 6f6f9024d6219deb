//! Out of file descriptors (hostile.md, 37).

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Stdio},
    time::Duration,
};

use super::child;
use crate::{
    flows::{authorize, code, redeem, tokens, userinfo},
    person::Person,
    scene::Scene,
};

/// Descriptors that the server may have.
const FEW: usize = 48;

/// A child of these tests: a broker, until its input ends.
pub(super) async fn serve_with_few() {
    let scene = Scene::new().await;
    child::say(&scene.address.to_string());
    let end = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    end.await.unwrap().unwrap();
    scene.stop().await;
}

struct SmallBroker {
    child: Child,
    address: SocketAddr,
}

impl SmallBroker {
    fn start() -> Self {
        let limit = format!("ulimit -n {FEW}");
        let role = "serve with few descriptors";
        let mut command = child::command(&["sh"], &limit, role, "/".as_ref());
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = lines.filter_map(|line| child::heard(&line.unwrap()).map(str::to_owned));
        let address = said.next().expect("it did not start").parse().unwrap();
        Self { child, address }
    }

    /// Processor time it has used, in clock ticks.
    fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let fields: Vec<&str> = fields.split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    fn descriptors(&self) -> usize {
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        open.unwrap().count()
    }
}

impl Drop for SmallBroker {
    fn drop(&mut self) {
        // The end of its input lets it take its folder away.
        drop(self.child.stdin.take());
        if std::thread::panicking() {
            self.child.kill().ok();
        }
        self.child.wait().ok();
    }
}

#[tokio::test]
async fn hostile_37_out_of_descriptors_it_neither_spins_nor_stays_so_and_loses_no_login() {
    let broker = SmallBroker::start();
    let scene = Scene::at(broker.address, tempfile::tempdir().unwrap());
    let bought = tokens(&scene, "openid").await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let back = ada.go_until_the_way_back(&scene, &page, "ada").await;
    let hoard: Vec<_> = (0..FEW)
        .map(|_| TcpStream::connect(broker.address).unwrap())
        .collect();
    while broker.descriptors() < FEW {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let before = broker.ticks();
    tokio::time::sleep(Duration::from_secs(2)).await;
    // 200 ticks would be one processor, spinning.
    let spent = broker.ticks() - before;
    assert!(spent < 50, "it spins: {spent} ticks in 2 s");
    drop(hoard);
    let onward = ada.get(&scene, &back).await;
    assert_eq!(redeem(&scene, &code(&onward)).await.status, 200);
    let access = bought["access_token"].as_str().unwrap();
    assert_eq!(userinfo(&scene, access).await.status, 200);
    tokens(&scene, "openid").await;
}
