//! What nobody means and what happens all the same.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use oarlock_server::{
    config::LocalAddress,
    service::{ServeError, Server},
};

use crate::{
    child,
    scene::{Scene, config, until},
};

/// Descriptors that the relay may have.
const FEW: usize = 48;

/// A child of these tests: a relay, until its input ends.
pub(crate) fn serve_with_few_descriptors() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut scene = Scene::new().await;
        child::answer(&format!("{} {}", scene.http, scene.socket.display()));
        let end = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        end.await.unwrap().unwrap();
        scene.stop();
        scene.stopped().await;
    });
}

struct SmallRelay {
    child: Child,
    http: SocketAddr,
    socket: String,
}

impl SmallRelay {
    fn start() -> Self {
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("ulimit -n {FEW}; exec \"$0\" \"$@\"")])
            .arg(std::env::current_exe().unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        child::as_role(&mut command, "serve with few descriptors", "".as_ref());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines.map(Result::unwrap);
        let said = said.filter_map(|line| child::heard(&line).map(str::to_owned));
        let said = said.take(1).last().expect("it did not start");
        let (http, socket) = said.split_once(' ').unwrap();
        Self {
            child,
            http: http.parse().unwrap(),
            socket: socket.to_owned(),
        }
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

    fn program(&self) -> UnixStream {
        let stream = UnixStream::connect(&self.socket).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        stream
    }

    fn browser(&self, query: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.http).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let request = format!(
            "GET /oauth/callback?{query} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }
}

impl Drop for SmallRelay {
    fn drop(&mut self) {
        // The end of its input lets it take its folder away.
        drop(self.child.stdin.take());
        if std::thread::panicking() {
            self.child.kill().ok();
        }
        self.child.wait().ok();
    }
}

fn line(stream: &UnixStream) -> String {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line
}

#[test]
fn hostile_37_out_of_descriptors_it_neither_spins_nor_stays_so() {
    let relay = SmallRelay::start();
    let mut first = relay.program();
    writeln!(
        first,
        r#"{{"type":"REGISTER","protocol":2,"state":"abc","secret":"aaaaaaaaaaaaaaaaaaaaaa"}}"#
    )
    .unwrap();
    assert!(line(&first).contains("REGISTERED"));
    let hoard: Vec<_> = (0..FEW)
        .map(|_| (relay.program(), TcpStream::connect(relay.http).unwrap()))
        .collect();
    while relay.descriptors() < FEW {
        std::thread::sleep(Duration::from_millis(5));
    }
    let before = relay.ticks();
    std::thread::sleep(Duration::from_secs(2));
    // 200 ticks would be one processor, spinning.
    let spent = relay.ticks() - before;
    assert!(spent < 50, "it spins: {spent} ticks in 2 s");
    // Who was in is not harmed.
    writeln!(first, r#"{{"type":"PING"}}"#).unwrap();
    assert!(line(&first).contains("PONG"));
    drop(hoard);
    let mut browser = relay.browser("code=right&state=abc");
    let deliver = line(&first);
    assert!(deliver.contains("right"), "{deliver}");
    let (_, name) = deliver.split_once(r#""delivery":""#).unwrap();
    let (name, _) = name.split_once('"').unwrap();
    writeln!(first, r#"{{"type":"ACK","delivery":"{name}"}}"#).unwrap();
    let mut page = String::new();
    browser.read_to_string(&mut page).unwrap();
    assert!(page.contains("Authorization Complete"), "{page}");
    let mut next = relay.program();
    writeln!(
        next,
        r#"{{"type":"REGISTER","protocol":2,"state":"def","secret":"aaaaaaaaaaaaaaaaaaaaaa"}}"#
    )
    .unwrap();
    assert!(line(&next).contains("REGISTERED"));
}

async fn bind(path: &Path) -> Result<Server, ServeError> {
    let local = LocalAddress::Unix {
        path: path.to_owned(),
        shared_directory: false,
    };
    Server::bind(config(local), Vec::new()).await
}

#[tokio::test]
async fn hostile_39_a_second_relay_refuses_to_start_and_harms_nobody() {
    let scene = Scene::new().await;
    let mut program = scene.first("abc").await;
    for _ in 0..3 {
        let error = bind(&scene.socket).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, ServeError::Socket(_)), "{text}");
        assert!(text.contains("another relay"), "{text}");
    }
    let browser = scene.browsing("code=right&state=abc");
    assert_eq!(program.hear().await.unwrap()["code"], "right");
    drop(program);
    assert!(browser.await.unwrap().is_complete());
    // Whoever comes now still comes in.
    let _second = scene.first("def").await;
}

#[tokio::test]
async fn hostile_39_stopping_one_never_removes_the_others_socket() {
    let mut scene = Scene::new().await;
    // Moved away by somebody, and a newer relay is put in its place.
    let moved = scene.socket.with_extension("moved");
    std::fs::rename(&scene.socket, &moved).unwrap();
    std::fs::remove_file(scene.socket.with_extension("sock.lock")).unwrap();
    let newer = bind(&scene.socket).await.unwrap();
    scene.stop();
    scene.stopped().await;
    assert!(scene.socket.exists(), "it was the newer one's");
    drop(newer);
    until(|| !scene.socket.exists()).await;
}
