//! The tools that look: their texts and their caps.

use skillhost_sdk::Host as _;
use skillhost_sdk::arguments::Arguments;
use skillhost_sdk::explore::{Explorer, Knowledge, definitions, numbered, numbered_whole};
use skillhost_sdk::mock::Host;

fn call(host: &Host, name: &str, arguments: &str) -> Result<String, String> {
    let mut explorer = Explorer::new(host);
    explorer.add_output("ev-1");
    with(&mut explorer, name, arguments)
}

fn with(explorer: &mut Explorer<'_>, name: &str, arguments: &str) -> Result<String, String> {
    let tool = definitions().into_iter().find(|tool| tool.name == name).ok_or("no such tool")?;
    let arguments = Arguments::parse(arguments, &tool.parameters).map_err(|error| format!("{error:?}"))?;
    explorer.call(name, &arguments).ok_or("not run")?
}

fn many(count: usize) -> Host {
    (0..count).fold(Host::new(), |host, index| host.file(&format!("d{}/f{index:03}.txt", index % 2), "needle\n"))
}

#[test]
fn list_shows_paths_and_beyond_200_counts() {
    assert_eq!(call(&many(3), "list", r#"{"glob":"d0/*"}"#), Ok("d0/f000.txt\nd0/f002.txt".into()));
    assert_eq!(
        call(&many(3), "list", r#"{"glob":"*.txt","path":"d1"}"#),
        Ok("d1/f001.txt".into()),
        "also relative to the path"
    );
    assert_eq!(call(&many(3), "list", r#"{"glob":"x"}"#), Ok("no file matches x; 3 files are there".into()));
    let long = call(&many(201), "list", r#"{"glob":"**"}"#).unwrap_or_default();
    assert!(long.ends_with("[200 of 201 files are shown; files by directory:]\nd0/ 101\nd1/ 100"), "{long}");
    assert_eq!(call(&many(1), "list", r#"{"glob":"**","path":"nope"}"#), Err("nope does not exist".into()));
}

#[test]
fn search_counts_caps_and_names_what_it_skips() {
    let host = Host::new()
        .file("a.txt", "one\ntwo\nthree\n")
        .file("b.bin", "two\0")
        .file(".gitignore", "c.txt\n")
        .file("c.txt", "two");
    let left_out = "[left out: 1 binary (b.bin); 1 ignored files and directories]";
    let expected = format!("1 matching lines in 1 of 2 files\na.txt\n1|one\n2|two\n3|three\n{left_out}");
    assert_eq!(call(&host, "search", r#"{"regex":"^tw","context":1}"#), Ok(expected));
    assert!(
        call(&host, "search", r#"{"regex":"("}"#).is_err_and(|why| why.starts_with("not a regular expression, or"))
    );

    let one = Host::new().file("a.txt", &"x\n".repeat(50));
    assert!(
        call(&one, "search", r#"{"regex":"x","path":"a.txt"}"#)
            .is_ok_and(|text| text.ends_with("10|x\n[40 more in this file]"))
    );
    let counts = call(&many(41), "search", r#"{"regex":"needle"}"#).unwrap_or_default();
    assert!(
        counts.contains("d0/f000.txt 1\n") && counts.ends_with("[counts only: narrow the search to see lines]"),
        "{counts}"
    );
}

#[test]
fn read_numbers_lines_and_says_how_to_go_on() {
    let host = Host::new()
        .file("a.rs", "\tone\r\ntwo")
        .file("long", &"x\n".repeat(401))
        .file("wide", &"y".repeat(1_001))
        .file("bin", "\0");
    assert_eq!(
        call(&host, "read", r#"{"path":"/repo/a.rs"}"#),
        Ok("a.rs: lines 1–2 of 2, CRLF, indented by tabs, no newline at the end\n1|\tone\n2|two".into())
    );
    assert!(
        call(&host, "read", r#"{"path":"long"}"#)
            .is_ok_and(|text| text.ends_with("400|x\n[1 more lines; go on with from=401]"))
    );
    assert_eq!(
        call(&host, "read", r#"{"path":"long","from":401}"#),
        Ok("long: lines 401–401 of 401, LF\n401|x".into())
    );
    assert_eq!(
        call(&host, "read", r#"{"path":"long","from":999}"#),
        Ok("long has 401 lines; there is no line 999".into())
    );
    assert!(call(&host, "read", r#"{"path":"wide"}"#).is_ok_and(|text| text.ends_with("y [1 more characters]")));
    assert_eq!(call(&host, "read", r#"{"path":"bin"}"#), Err("bin is binary (1 bytes)".into()));
    assert_eq!(call(&host, "read", r#"{"path":"nope"}"#), Err("nope does not exist".into()));
}

#[test]
fn what_a_gate_printed_is_readable_by_its_id() {
    let host = Host::new().gate_output("ev-1", "boom\n");
    assert_eq!(call(&host, "read", r#"{"path":"ev-1"}"#), Ok("ev-1: lines 1–1 of 1, LF\n1|boom".into()));
    assert_eq!(
        call(&host, "read", r#"{"path":"ev-2"}"#),
        Err("ev-2 does not exist".into()),
        "an id that was not announced is a path"
    );
}

#[test]
fn an_output_is_read_whole_whatever_its_bytes_are() {
    // The second character of two bytes stands across the end of the first part.
    let text = format!("{}é\nlast\n", "x\n".repeat(32_767) + "y");
    let host = Host::new().gate_output("ev-1", &text);
    let told = call(&host, "read", r#"{"path":"ev-1","from":32768}"#);
    assert_eq!(told, Ok("ev-1: lines 32768–32769 of 32769, LF\n32768|yé\n32769|last".into()));

    let mut bytes = b"\xff\xfe\n".repeat(30_000);
    bytes.extend(b"last\n\xff");
    let told = call(&Host::new().gate_output("ev-1", bytes), "read", r#"{"path":"ev-1","from":30001}"#);
    assert!(told.clone().is_ok_and(|text| text.contains("of 30002") && text.contains("\n30001|last\n")), "{told:?}");
}

#[test]
fn a_cut_line_says_so_and_a_whole_one_is_whole() {
    let text = format!("a\n{}\n", "x".repeat(1_003));
    assert_eq!(numbered(&text, 2, 9), format!("2|{} [3 more characters]\n", "x".repeat(1_000)));
    assert_eq!(numbered_whole(&text), format!("1|a\n2|{}\n", "x".repeat(1_003)));
}

#[test]
fn what_is_too_large_is_not_held_in_memory() {
    let host = Host::new().file("large", &"x".repeat(8 * 1024 * 1024 + 1));
    assert_eq!(host.load("large").map_err(|error| error.kind()), Err(std::io::ErrorKind::FileTooLarge));
    assert_eq!(call(&host, "read", r#"{"path":"large"}"#), Err("large is too large: over 8 MiB".into()));
}

#[test]
fn a_search_ends_whatever_there_is_and_whatever_is_asked() {
    let text = format!("needle\n{}\n", "x".repeat(980_000));
    let host = (0..40).fold(Host::new(), |host, index| host.file(&format!("f{index:02}"), &text));
    // The limit of what is read; what the expression goes over; the same for one of 16 times the size, and for one too large.
    for (regex, files) in [("nothing", 35), ("^needle", 18), (r"^\\w{200}z", 2)] {
        let told = call(&host, "search", &format!(r#"{{"regex":"{regex}"}}"#)).unwrap_or_default();
        assert!(told.contains(&format!(" of {files} files")), "{told}");
        assert!(told.ends_with("than a search visits: name a directory as `path`, or a simpler `regex`]"));
    }
    assert!(
        call(&host, "search", r#"{"regex":"((a{1,99}){1,99}){1,99}"}"#).is_err_and(|why| why.contains("too large"))
    );
}

#[test]
fn a_match_in_a_long_line_is_shown_with_what_stands_around_it() {
    let text = format!("{}é needle {}\n", "x".repeat(900), "y".repeat(900));
    let host = Host::new().file("a.min.js", &text);
    let told = call(&host, "search", r#"{"regex":"needle"}"#).unwrap_or_default();
    assert!(told.contains("\n1|[803 characters before] xxx") && told.contains("xé needle yy"), "{told}");
    assert!(told.ends_with("more characters]") && told.len() < 500, "{told}");
}

#[test]
fn what_is_left_out_is_said_whatever_is_cut() {
    let large = "x".repeat(1024 * 1024 + 1);
    let wide = format!("{}needle\n", "x".repeat(250)).repeat(10);
    let host = (0..30).fold(Host::new().file("large", &large), |host, index| host.file(&format!("f{index:02}"), &wide));
    let told = call(&host, "search", r#"{"regex":"needle"}"#).unwrap_or_default();
    assert!(told.starts_with("300 matching lines in 30 of 30 files\nf00\n1|x"), "{told}");
    assert!(told.contains("more characters are not shown]\n[left out: 1 over 1 MiB (large)]") && told.len() < 12_100);
    assert_eq!(
        call(&host, "search", r#"{"regex":"needle","path":"large"}"#),
        Ok("0 matching lines in 0 of 0 files\n[left out: 1 over 1 MiB (large)]".into())
    );
}

#[test]
fn a_listing_is_small_however_many_and_long_the_paths_are() {
    let host = (0..300).fold(Host::new(), |host, index| {
        host.file(&format!("{}{index}/{}", "long/".repeat(20), "name".repeat(20)), "")
    });
    let told = call(&host, "list", r#"{"glob":"**"}"#).unwrap_or_default();
    assert!(told.len() < 12_500 && told.contains(" of 300 files are shown; files by directory:]\n"), "{}", told.len());
    assert!(told.ends_with("long/long/ 300"), "300 directories are too many, so it is the one above them: {told}");
}

#[test]
fn a_layout_is_what_an_edit_has_to_keep() {
    let layout = |text: &str| {
        let told = call(&Host::new().file("a", text), "read", r#"{"path":"a"}"#).unwrap_or_default();
        told.lines().next().and_then(|line| line.split_once(", ")).map(|(_, layout)| layout.to_owned())
    };
    for (text, expected) in [
        ("a\n", "LF"),
        ("a", "one line, no newline at the end"),
        ("a\r\nb\n", "LF and CRLF mixed"),
        ("a\n    b\n        c\n", "LF, indented by 4 spaces"),
        ("/**\n * a\n */\na\n  b\n", "LF, indented by 2 spaces"),
        ("a\n\tb\n    c\r\n", "LF and CRLF mixed, indented by tabs and spaces"),
    ] {
        assert_eq!(layout(text).as_deref(), Some(expected), "{text:?}");
    }
}

#[test]
fn what_was_read_is_known_until_it_changes() {
    let host = Host::new().file("a", "1");
    let mut explorer = Explorer::new(&host);
    assert_eq!(explorer.knowledge("a", b"1"), Knowledge::Unread);
    assert!(with(&mut explorer, "read", r#"{"path":"a"}"#).is_ok());
    assert_eq!(explorer.knowledge("a", b"1"), Knowledge::Current);
    assert_eq!(explorer.knowledge("a", b"2"), Knowledge::Changed);
}

#[test]
fn files_in_other_encodings_are_read_and_searched() {
    let host = Host::new();
    host.files.borrow_mut().insert("old.php".into(), b"caf\xe9\n".to_vec());
    host.files.borrow_mut().insert("a.rc".into(), b"\xff\xfec\0a\0f\0\xe9\0\n\0".to_vec());
    assert_eq!(
        call(&host, "read", r#"{"path":"old.php"}"#),
        Ok("old.php: lines 1–1 of 1, Windows-1252, LF\n1|café".into())
    );
    assert_eq!(call(&host, "read", r#"{"path":"a.rc"}"#), Ok("a.rc: lines 1–1 of 1, UTF-16, LF\n1|café".into()));
    let told = call(&host, "search", r#"{"regex":"café"}"#).unwrap_or_default();
    assert!(told.starts_with("2 matching lines in 2 of 2 files"), "{told}");
}
