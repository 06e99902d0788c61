//! Row G-06: packs in which a few bytes unfold to gigabytes, though each object says of itself that it is small, or never
//! unfold at all.

use crate::fixture::{Fixture, put};
use git2::{ObjectType, Oid};
use skillhost_worktree::WorktreeError;
use std::fs;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A pack that is written by hand: what git made of it would be checked by unfolding it.
struct Pack {
    bytes: Vec<u8>,
    last: usize,
}

impl Pack {
    /// One with an object of a mebibyte.
    fn new(kind: u8) -> Self {
        let mut pack =
            Self { bytes: [b"PACK".as_slice(), &2_u32.to_be_bytes(), &1_u32.to_be_bytes()].concat(), last: 0 };
        pack.entry(kind, &[], &vec![b'x'; 1 << 20]);
        pack
    }

    fn entry(&mut self, kind: u8, base: &[u8], content: &[u8]) {
        self.last = self.bytes.len();
        let mut size = content.len() >> 4;
        let more = |left: usize| if left > 0 { 0x80 } else { 0 };
        self.bytes.push(more(size) | kind << 4 | (content.len() & 15) as u8);
        while size > 0 {
            self.bytes.push(more(size >> 7) | (size & 127) as u8);
            size >>= 7;
        }
        self.bytes.extend(base);
        self.bytes.extend(stored(content));
    }

    /// An object that is made from the last one by these instructions.
    fn difference(&mut self, from: usize, to: usize, instructions: &[u8]) {
        let mut back = self.bytes.len() - self.last;
        let mut offset = vec![(back & 127) as u8];
        while back >> 7 > 0 {
            back = (back >> 7) - 1;
            offset.insert(0, 0x80 | (back & 127) as u8);
        }
        self.entry(6, &offset, &[varint(from), varint(to), instructions.to_vec()].concat());
    }

    /// Puts it into a repository, where its last object is known by this id.
    fn store(self, fixture: &Fixture, id: Oid) {
        let last = self.last;
        self.store_all(fixture, &[(id, last)]);
    }

    /// The same, with objects at these places, sorted by their ids.
    fn store_all(mut self, fixture: &Fixture, objects: &[(Oid, usize)]) {
        let id = objects[0].0;
        let checksum = [7; 20];
        self.bytes[8..12].copy_from_slice(&(objects.len() as u32).to_be_bytes());
        self.bytes.extend(checksum);
        let mut index = b"\xfftOc\0\0\0\x02".to_vec();
        let count = |first: u8| objects.iter().filter(|(id, _)| id.as_bytes()[0] <= first).count() as u32;
        (0..=255).for_each(|first| index.extend(count(first).to_be_bytes()));
        objects.iter().for_each(|(id, _)| index.extend(id.as_bytes()));
        objects.iter().for_each(|_| index.extend([0; 4]));
        objects.iter().for_each(|(_, place)| index.extend((*place as u32).to_be_bytes()));
        index.extend(checksum);
        index.extend(checksum);
        let folder = fixture.dir.join(".git/objects/pack");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("pack-{id}.pack")), self.bytes).unwrap();
        fs::write(folder.join(format!("pack-{id}.idx")), index).unwrap();
    }
}

fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 127 {
        bytes.push(0x80 | (number & 127) as u8);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// As zlib has it, without compression.
fn stored(content: &[u8]) -> Vec<u8> {
    let (mut stream, mut sums) = (vec![0x78, 1], (1_u32, 0_u32));
    let blocks = content.chunks(0xffff).collect::<Vec<_>>();
    for (number, block) in blocks.iter().enumerate() {
        let length = block.len() as u16;
        stream.push(u8::from(number + 1 == blocks.len()));
        stream.extend([length.to_le_bytes(), (!length).to_le_bytes()].concat());
        stream.extend(*block);
    }
    for byte in content {
        sums.0 = (sums.0 + u32::from(*byte)) % 65_521;
        sums.1 = (sums.1 + sums.0) % 65_521;
    }
    stream.extend((sums.1 << 16 | sums.0).to_be_bytes());
    stream
}

/// Copies the first mebibyte of what is there.
const COPY: [u8; 2] = [0xc0, 0x10];

/// A small object of `content`: the last of a chain, over others of so many mebibytes each.
fn bomb(fixture: &Fixture, kind: u8, content: &[u8], sizes: &[usize]) -> Oid {
    let mut pack = Pack::new(kind);
    let mut before = 1 << 20;
    for mebibytes in sizes {
        let size = mebibytes << 20;
        pack.difference(before, size, &COPY.repeat(*mebibytes));
        before = size;
    }
    let inserts = content.chunks(127).flat_map(|part| [&[part.len() as u8], part].concat()).collect::<Vec<_>>();
    pack.difference(before, content.len(), &inserts);
    let kind = [ObjectType::Commit, ObjectType::Tree, ObjectType::Blob, ObjectType::Tag][usize::from(kind) - 1];
    let id = Oid::hash_object(kind, content).unwrap();
    pack.store(fixture, id);
    id
}

/// Over one object that is too large, and over many that are too large together.
const CHAINS: [&[usize]; 2] = [&[640], &[64; 40]];

fn is_refused<T>(result: Result<T, WorktreeError>) {
    let error = result.err().unwrap();
    assert!(matches!(error, WorktreeError::CommitTooLarge { .. }) && error.is_limit(), "{error}");
}

#[test]
fn g_06_an_honest_chain_of_differences_is_read() {
    let fixture = Fixture::new();
    let file = bomb(&fixture, 3, b"small\n", &[1; 60]);
    let tree = bomb(&fixture, 2, &[b"100644 a\0".as_slice(), file.as_bytes()].concat(), &[2; 10]);
    let commit = fixture.git(&["commit-tree", "-m", "packed", &tree.to_string()]);
    let repository = fixture.open();
    let commit = repository.resolve(&commit).unwrap();
    assert_eq!(repository.read_file(&commit, "a", 100).unwrap().unwrap(), b"small\n");
}

#[test]
fn g_06_a_small_object_that_unfolds_to_gigabytes_is_refused() {
    for chain in CHAINS {
        let fixture = Fixture::new();
        let before = fixture.git(&["rev-parse", "main^{tree}"]);
        let commit_tree = |tree: &str| {
            let text = format!("tree {tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n");
            let file = fixture.temporary.path().join("commit");
            fs::write(&file, text).unwrap();
            fixture.git(&["hash-object", "-t", "commit", "--literally", "-w", &file.display().to_string()])
        };
        let git = git2::Repository::open(&fixture.dir).unwrap();
        let file = bomb(&fixture, 3, b"a file\n", chain);
        let raw = [b"100644 a\0".as_slice(), file.as_bytes()].concat();
        let of_file = git.odb().unwrap().write(ObjectType::Tree, &raw).unwrap();
        let tree = bomb(&fixture, 2, &raw.repeat(2), chain);
        let commit = bomb(&fixture, 1, format!("tree {before}\nauthor A <a@b> 1 +0000\n\nx\n").as_bytes(), chain);
        let tag = bomb(&fixture, 4, format!("object {commit}\ntype commit\ntag t\n\nx\n").as_bytes(), chain);

        let (with_file, with_tree) = (commit_tree(&of_file.to_string()), commit_tree(&tree.to_string()));
        let repository = fixture.open();
        let with_file = repository.resolve(&with_file).unwrap();
        is_refused(repository.read_file(&with_file, "a", 1 << 20));
        is_refused(repository.checkout(&with_file, &fixture.trees.join("a")));
        assert!(!fixture.trees.join("a").exists());
        let with_tree = repository.resolve(&with_tree).unwrap();
        is_refused(repository.list_files(&with_tree));
        is_refused(repository.read_file(&with_tree, "b", 100));
        is_refused(repository.resolve(&commit.to_string()));
        is_refused(repository.resolve(&format!("{commit}~1")));
        put(&fixture.dir.join(".git/refs/tags/t"), &format!("{tag}\n"));
        is_refused(repository.resolve("t"));
        // Nothing else is worse for it.
        let main = repository.resolve("main").unwrap();
        assert_eq!(repository.read_file(&main, "README.md", 100).unwrap().unwrap(), b"hello\n");
    }
}

/// Two objects, of which each is a difference to the other, or one that is a difference to itself.
fn circle(fixture: &Fixture, ids: &[u8]) -> Oid {
    let id = |byte: u8| Oid::from_bytes(&[byte; 20]).unwrap();
    let mut pack = Pack::new(3);
    let mut objects = Vec::new();
    for (number, byte) in ids.iter().enumerate() {
        let base = id(ids[(number + 1) % ids.len()]);
        pack.entry(7, base.as_bytes(), &[varint(4), varint(4), vec![0x90, 4]].concat());
        objects.push((id(*byte), pack.last));
    }
    pack.store_all(fixture, &objects);
    id(ids[0])
}

/// What is done within a minute, which is far more than any of it takes; a thread that never ends is left behind.
fn ends<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    drop(thread::spawn(move || sender.send(work())));
    receiver.recv_timeout(Duration::from_secs(60)).expect("it goes round and round")
}

#[test]
fn g_06_differences_that_go_in_a_circle_are_refused() {
    for ids in [&[0x11, 0x99][..], &[0x55]] {
        let fixture = Fixture::new();
        let round = circle(&fixture, ids).to_string();
        let commit = |mode: &str, kind: &str, name: &str| {
            let file = fixture.temporary.path().join("tree");
            let raw = [format!("{mode} {name}\0").as_bytes(), Oid::from_str(&round).unwrap().as_bytes()].concat();
            fs::write(&file, raw).unwrap();
            let write = |kind: &str| {
                fixture.git(&["hash-object", "-t", kind, "--literally", "-w", &file.display().to_string()])
            };
            let tree = if kind == "commit" { round.clone() } else { write("tree") };
            fs::write(&file, format!("tree {tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n")).unwrap();
            write("commit")
        };
        let commits = [
            commit("100644", "blob", "a"),
            commit("120000", "blob", "a"),
            commit("40000", "tree", "a"),
            commit("", "commit", ""),
        ];
        let trees = fixture.trees.clone();
        for (number, commit) in commits.iter().enumerate() {
            let (repository, commit) = (fixture.open(), commit.clone());
            let into = trees.join(number.to_string());
            let error = ends(move || {
                let commit = repository.resolve(&commit).unwrap();
                repository.checkout(&commit, &into).err().unwrap()
            });
            assert!(matches!(error, WorktreeError::CommitTooLarge { .. }) && error.is_limit(), "{error}");
            assert!(!trees.join(number.to_string()).exists());
        }
        put(&fixture.dir.join(".git/refs/tags/t"), &format!("{round}\n"));
        for name in [round.clone(), "t".to_owned(), format!("{round}~1")] {
            let repository = fixture.open();
            let shown = name.clone();
            assert!(ends(move || repository.resolve(&name).is_err()), "{shown}");
        }
        // Nothing else is worse for it.
        let repository = fixture.open();
        let main = repository.resolve("main").unwrap();
        assert_eq!(repository.read_file(&main, "README.md", 100).unwrap().unwrap(), b"hello\n");
    }
}
