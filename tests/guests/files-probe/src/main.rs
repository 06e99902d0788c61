//! Works on `/repo` with the standard library's own file API, as a skill does. The first argument says what to do; the
//! same program, built for the machine itself, is what the guard is measured against. (`ROOT` names the directory.)

use std::fs::{self, File, OpenOptions};
use std::io::{Error, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next().unwrap_or_default();
    let times: u32 = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(1);
    let root = PathBuf::from(std::env::var("ROOT").unwrap_or_else(|_| "/repo".into()));
    let work: fn(&Path) -> std::io::Result<u64> = match task.as_str() {
        "smoke" => smoke,
        "read" => read_all,
        "stat" => stat_all,
        "create" => create,
        "big" => read_big,
        other => panic!("no task {other:?}"),
    };
    let mut best = u128::MAX;
    let mut result = 0;
    for _ in 0..times {
        let start = Instant::now();
        result = work(&root).unwrap_or_else(|error| panic!("{task}: {error}"));
        best = best.min(start.elapsed().as_micros());
    }
    if times > 1 {
        println!("{task} {best} us ({result})");
    } else {
        println!("{task} ok {result}");
    }
}

fn read_all(root: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(root.join("many"))? {
        bytes += fs::read(entry?.path())?.len() as u64;
    }
    Ok(bytes)
}

fn stat_all(root: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(root.join("many"))? {
        bytes += fs::metadata(entry?.path())?.len();
    }
    Ok(bytes)
}

fn create(root: &Path) -> std::io::Result<u64> {
    let folder = root.join("made");
    fs::create_dir_all(&folder)?;
    for n in 0..200 {
        fs::write(folder.join(format!("{n}.txt")), [b'x'; 3000])?;
    }
    for n in 0..200 {
        fs::remove_file(folder.join(format!("{n}.txt")))?;
    }
    fs::remove_dir(&folder)?;
    Ok(200)
}

fn read_big(root: &Path) -> std::io::Result<u64> {
    Ok(fs::read(root.join("big.bin"))?.len() as u64)
}

/// What programs do with files, checked from the inside. The tree: `src/` may be written, `secret/` may not be read,
/// `link` leads to `src/a.txt`, `out` leads outside; 1 MiB may be written.
fn smoke(root: &Path) -> std::io::Result<u64> {
    assert_eq!(fs::read_to_string(root.join("src/a.txt"))?, "hello");
    assert_eq!(fs::read_to_string(root.join("link"))?, "hello");
    assert!(fs::symlink_metadata(root.join("link"))?.is_symlink());
    assert_eq!(fs::read_link(root.join("link"))?, Path::new("src/a.txt"));

    let mut names: Vec<_> =
        fs::read_dir(root)?.map(|e| e.map(|e| e.file_name().into_string().unwrap())).collect::<Result<_, _>>()?;
    names.sort();
    assert_eq!(names, ["link", "out", "readme.md", "src"]);

    // A whole life of a file.
    let path = root.join("src/new/deep/b.txt");
    fs::create_dir_all(path.parent().unwrap())?;
    let mut file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
    file.write_all(b"0123456789")?;
    assert_eq!(file.metadata()?.len(), 10);
    file.seek(SeekFrom::Start(5))?;
    file.write_all(b"abc")?;
    file.seek(SeekFrom::Start(3))?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    assert_eq!(text, "34abc89");
    file.set_len(4)?;
    assert_eq!(file.metadata()?.len(), 4);
    drop(file);
    OpenOptions::new().append(true).open(&path)?.write_all(b"end")?;
    assert_eq!(fs::read_to_string(&path)?, "0123end");
    assert_eq!(fs::metadata(&path)?.len(), 7);
    fs::copy(&path, root.join("src/copy.txt"))?;
    fs::rename(&path, root.join("src/moved.txt"))?;
    assert_eq!(fs::metadata(&path).unwrap_err().kind(), ErrorKind::NotFound);
    fs::remove_file(root.join("src/copy.txt"))?;
    fs::remove_dir_all(root.join("src/new"))?;
    fs::write(root.join("src/moved.txt"), "short")?;
    assert_eq!(fs::metadata(root.join("src/moved.txt"))?.len(), 5);

    // What is denied says so.
    for denied in ["secret/key", "out/passwd", "../x", "src/../../x", ".git/config", "src/.GIT/x"] {
        let error = fs::read(root.join(denied)).unwrap_err();
        assert!(is_denial(&error), "{denied}: {error:?}");
    }
    for denied in ["readme.md", "new.md", "link/x", "src/.git", "out"] {
        let error = fs::write(root.join(denied), "x").unwrap_err();
        assert!(is_denial(&error) || denied == "link/x", "{denied}: {error:?}");
    }
    assert!(is_denial(&fs::hard_link(root.join("readme.md"), root.join("src/hard")).unwrap_err()));
    assert!(is_denial(&fs::rename(root.join("readme.md"), root.join("src/r")).unwrap_err()));

    // A quota is an error of its own.
    File::create(root.join("src/big"))?.write_all(&vec![0; 2 << 20]).unwrap_err();
    let error = OpenOptions::new().append(true).open(root.join("src/big"))?.write_all(b"more").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QuotaExceeded, "{error:?}");
    fs::remove_file(root.join("src/big"))?;
    Ok(names.len() as u64)
}

/// A path out of the preopens does not even reach the host: then the C library says that there is nothing.
fn is_denial(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::NotFound)
}
