//! there is a loopback, and nothing else.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod support;

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use skillhost_sandbox::{Exit, Wall};
use support::{Trial, text};

#[tokio::test]
async fn x_03_nothing_outside_can_be_reached() {
    for (level, trial) in Trial::offered().await {
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        let name = format!("skillhost-test-{}", std::process::id());
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

#[test]
fn all_of_this_holds_for_an_ordinary_user() {
    support::again_as_an_ordinary_user("all_of_this_holds_for_an_ordinary_user");
}
