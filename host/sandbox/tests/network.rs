//! X-03: there is a loopback, and nothing else.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod support;

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use std::io::{Read, Write};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use skillhost_sandbox::{Command, Demand, Exit, Level, Network, Serve, Toolchains, Wall};
use support::{Trial, text};

#[tokio::test]
async fn x_03_nothing_outside_can_be_reached() {
    for (number, (level, trial)) in Trial::offered().await.into_iter().enumerate() {
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        // Its own each time: a program that is being started holds the one before for a moment.
        let name = format!("skillhost-test-{}-{number}", std::process::id());
        let _abstract = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _listener = UnixListener::bind(&path).unwrap();
        let script = format!(
            "import socket, os\n\
         def attempt(name, family, kind, address):\n\
         \x20   try:\n\
         \x20       s = socket.socket(family, kind); s.settimeout(5); s.connect(address); s.send(b'x')\n\
         \x20       print('REACHED', name)\n\
         \x20   except OSError: pass\n\
         I, V, U = socket.AF_INET, socket.AF_INET6, socket.AF_UNIX\n\
         S, D = socket.SOCK_STREAM, socket.SOCK_DGRAM\n\
         attempt('tcp', I, S, ('1.1.1.1', 80))\n\
         attempt('host loopback', I, S, ('127.0.0.1', {port}))\n\
         attempt('metadata', I, S, ('169.254.169.254', 80))\n\
         attempt('dns', I, D, ('8.8.8.8', 53))\n\
         attempt('tcp6', V, S, ('2606:4700:4700::1111', 80))\n\
         attempt('abstract', U, S, '\\0{name}')\n\
         attempt('path', U, S, '{}')\n\
         try:\n\
         \x20   socket.getaddrinfo('example.com', 80); print('RESOLVED')\n\
         except OSError: pass\n\
         for k, v in os.environ.items():\n\
         \x20   if 'proxy' in k.lower(): print('PROXY', k)\n\
         print(socket.if_nameindex())\n",
            path.display()
        );
        let outcome = trial.python(&script).await;
        assert_eq!(text(&outcome), "[(1, 'lo')]\n", "{level}");
    }
}

#[tokio::test]
async fn x_03_other_socket_families_are_refused() {
    for (level, trial) in Trial::offered_with(Wall::Seccomp).await {
        let outcome = trial
        .python(
            "import socket\n\
             for f, k, p in [(40,1,0),(17,3,768),(16,3,4),(16,3,9),(16,3,16),(38,5,0),(31,3,1),(29,3,1),(2,1,132),(2,3,255),(44,3,0),(21,5,0)]:\n\
             \x20   try: socket.socket(f, k, p); print('OPENED', f, k, p)\n\
             \x20   except OSError: pass\n",
        )
        .await;
        assert_eq!((text(&outcome).as_str(), outcome.exit), ("", Exit::Code(0)), "{level}");
    }
}

#[tokio::test]
async fn a_server_on_loopback_answers() {
    let trial = Trial::new().await;
    let outcome = trial
        .python(
            "import socket\n\
             for family, host in ((socket.AF_INET, '127.0.0.1'), (socket.AF_UNIX, '/tmp/s')):\n\
             \x20   server = socket.socket(family); server.bind((host, 0) if host[0] == '1' else host); server.listen()\n\
             \x20   client = socket.socket(family); client.connect(server.getsockname()); client.send(b'hello ')\n\
             \x20   print(server.accept()[0].recv(9).decode())\n\
             print(socket.gethostbyname('localhost'))\n",
        )
        .await;
    assert_eq!(text(&outcome), "hello \nhello \n127.0.0.1\n");
}

/// The command with a proxy that answers each connection with a word, and what it was told.
fn proxied(mut command: Command) -> (Command, Receiver<String>) {
    let (told, hear) = channel();
    let told = Mutex::new(told);
    command.network = Network::Proxy(Serve::new(move |listener| {
        let told = told.lock().unwrap().clone();
        assert!(listener.local_addr()?.ip().is_loopback());
        std::thread::spawn(move || {
            while let Ok((mut client, _)) = listener.accept() {
                let mut word = [0; 5];
                client.read_exact(&mut word).unwrap();
                client.write_all(b"there").unwrap();
                if told.send(String::from_utf8_lossy(&word).into_owned()).is_err() {
                    return;
                }
            }
        });
        Ok(())
    }));
    (command, hear)
}

/// Speaks to the proxy, then looks for any other way out.
const THROUGH: &str = r"
import os, socket
address = os.environ['HTTPS_PROXY']
assert address == os.environ['http_proxy'] and address.startswith('http://127.0.0.1:'), address
s = socket.create_connection(('127.0.0.1', int(address.rsplit(':', 1)[1])))
s.sendall(b'hello'); print(s.recv(5).decode())
for name, family, kind, place in (
    ('tcp', 2, 1, ('1.1.1.1', 443)), ('tcp6', 10, 1, ('2606:4700:4700::1111', 443)), ('dns', 2, 2, ('8.8.8.8', 53)),
    ('metadata', 2, 1, ('169.254.169.254', 80)),
):
    try:
        s = socket.socket(family, kind); s.settimeout(5); s.connect(place); s.send(b'x'); print('REACHED', name)
    except OSError: pass
try: socket.getaddrinfo('example.com', 443); print('RESOLVED')
except OSError: pass
try: socket.socket(2, 3, 6); print('RAW')
except OSError: pass
try: socket.socket(2, 1).bind(('127.0.0.1', 3128)); print('TAKEN OVER')
except OSError: pass
for fd in os.listdir('/proc/self/fd'):
    try: link = os.readlink('/proc/self/fd/' + fd)
    except OSError: continue
    if link.startswith('socket:') and int(fd) != s.fileno(): print('SOCKET', fd)
print(socket.if_nameindex())
";

#[tokio::test]
async fn x_03_with_a_proxy_there_is_that_and_nothing_else() {
    for missing in [None, Some(Wall::Landlock), Some(Wall::Seccomp)] {
        let demand = if missing.is_some() { Demand::AllowReduced } else { Demand::Full };
        let trial = Trial::with(Toolchains::none(), demand, |support| match missing {
            Some(wall) => support.without(wall, "switched off by the test"),
            None => support,
        })
        .await;
        let (command, hear) = proxied(trial.command(["/usr/bin/python3", "-c", THROUGH]));
        let outcome = trial.run(&command).await.unwrap();
        // Raw sockets are for seccomp to refuse: in a user namespace without capabilities there is none anyway.
        assert_eq!(text(&outcome), "there\n[(1, 'lo')]\n", "without {missing:?}");
        assert_eq!(hear.recv().unwrap(), "hello");
        assert_eq!(outcome.attestation.level == Level::Full, missing.is_none());
        let observed = outcome.attestation.observed.unwrap();
        assert_eq!((observed.listeners, observed.inheritable), (vec!["127.0.0.1:3128".to_owned()], 0));
    }
}

#[tokio::test]
async fn two_commands_have_a_proxy_each_at_the_same_place() {
    let trial = Trial::new().await;
    let wait = "import os, socket\ns = socket.create_connection(('127.0.0.1', 3128)); s.sendall(os.environ['WORD'].encode())\n\
                print(s.recv(5).decode())";
    let one = |word: &str| {
        let mut command = trial.command(["/usr/bin/python3", "-c", wait]);
        command.env.insert("WORD".to_owned(), word.to_owned());
        proxied(command)
    };
    let ((first, hear_first), (second, hear_second)) = (one("first"), one("other"));
    let (a, b) = tokio::join!(trial.run(&first), trial.run(&second));
    assert_eq!((text(&a.unwrap()), text(&b.unwrap())), ("there\n".to_owned(), "there\n".to_owned()));
    assert_eq!((hear_first.recv().unwrap(), hear_second.recv().unwrap()), ("first".to_owned(), "other".to_owned()));
    // The host's own loopback has nothing there.
    assert!(std::net::TcpStream::connect(("127.0.0.1", 3128)).is_err());
}

#[tokio::test]
async fn unsandboxed_the_proxy_is_an_offer() {
    let trial = Trial::with(Toolchains::none(), Demand::DangerouslyUnsandboxed, |support| support).await;
    let script = "import os, socket\n\
                  s = socket.create_connection(('127.0.0.1', int(os.environ['HTTPS_PROXY'].rsplit(':', 1)[1])))\n\
                  s.sendall(b'hello'); print(s.recv(5).decode())";
    let (command, hear) = proxied(trial.command(["/usr/bin/python3", "-c", script]));
    let outcome = trial.run(&command).await.unwrap();
    assert_eq!((text(&outcome).as_str(), outcome.attestation.level), ("there\n", Level::Unsandboxed));
    assert_eq!(hear.recv().unwrap(), "hello");
}

#[tokio::test]
async fn a_proxy_that_can_not_be_served_stops_the_command() {
    let trial = Trial::new().await;
    let mut command = trial.command(["touch", "started"]);
    command.network = Network::Proxy(Serve::new(|_| Err(std::io::Error::other("no"))));
    assert!(trial.run(&command).await.unwrap_err().to_string().contains("serve the proxy"));
    assert!(!trial.tree.path().join("started").exists());
}

#[test]
fn all_of_this_holds_for_an_ordinary_user() {
    support::again_as_an_ordinary_user("all_of_this_holds_for_an_ordinary_user");
}
