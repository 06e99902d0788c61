//! What a component says it imports and exports, what it hands over, and what it hides in its sections.

use crate::support::handmade::{self, ANSWER, Handmade};
use crate::support::sections::custom;
use crate::support::{Lab, block_on, component, ended};
use skillhost_core::capability::Capabilities;
use skillhost_core::glob::Globs;
use skillhost_core::manifest::{MAX_MANIFEST_BYTES, ManifestError, SECTION};
use skillhost_engine::{CallError, LoadError};

#[test]
fn l_03_imports_that_are_unknown_or_of_another_version() {
    block_on(async {
        let lab = Lab::new();
        for (name, reason) in [
            ("evil:host/shell@0.2.0", "only WASI 0.2"),
            ("wasi:http/outgoing-handler@0.2.0", ""),
            ("wasi:cli/environment@0.3.0", "0.2"),
            ("wasi:filesystem/types@0.1.0", "0.2"),
            ("skillhost:skill/tool@0.1.0", "a skill exports it"),
            ("skillhost:audit/log@0.1.0", "only WASI 0.2"),
            ("wasi:io/streams", "no version"),
        ] {
            let before = format!("(import \"{name}\" (instance))");
            match lab.offer(&Handmade { before, ..Handmade::default() }.component()).await {
                Err(LoadError::Import { name: told, reason: why }) => {
                    assert!(told == name && why.contains(reason), "{name}: {why}");
                }
                // An interface that is offered, of which nothing is used.
                other => assert!(reason.is_empty() && other.is_ok(), "{name}: {other:?}"),
            }
        }
        for name in ["skillhost:skill/model@0.2.0", "skillhost:skill/model@1.0.0", "skillhost:skill/model@0.1.0-rc.1"] {
            let before = format!("(import \"{name}\" (instance))");
            let offered = lab.offer(&Handmade { before, ..Handmade::default() }.component()).await;
            let Err(LoadError::MixedContract { names }) = &offered else { panic!("{name}: {offered:?}") };
            assert!(names.contains(&format!("`{name}`")) && names.len() == 2, "{names:?}");
        }
        for version in ["0.2.0", "1.0.0", "0.0.1"] {
            let text = Handmade::default().text().replace("@0.1.0", &format!("@{version}"));
            let offered = lab.offer(&handmade::component(&text)).await;
            assert!(matches!(&offered, Err(LoadError::Contract { wanted, .. }) if wanted == version), "{offered:?}");
        }
        // Known by its name alone: there is no such interface, function or resource in it.
        for import in [
            "(import \"wasi:io/invented@0.2.0\" (instance (export \"f\" (func))))",
            "(import \"wasi:cli/environment@0.2.0\" (instance (export \"set-environment\" (func (param \"x\" string)))))",
            "(import \"skillhost:skill/log@0.1.0\" (instance (export \"erase\" (func))))",
            "(import \"wasi:filesystem/types@0.2.0\" (instance (export \"root\" (type (sub resource)))))",
        ] {
            let offered = lab.offer(&Handmade { before: import.to_owned(), ..Handmade::default() }.component()).await;
            assert!(matches!(&offered, Err(LoadError::Link(_))), "{import}: {offered:?}");
        }
        lab.held([]).await;
    });
}

#[test]
fn l_03_sockets_link_and_end_the_call_that_uses_them() {
    block_on(async {
        let lab = Lab::new();
        let tool = Handmade {
            before: "(import \"wasi:sockets/whatever@0.2.0\" (instance $socket (export \"go\" (func (result u32)))))
                     (core func $go (canon lower (func $socket \"go\")))
                     (core instance $host (export \"go\" (func $go)))"
                .to_owned(),
            imports: "(import \"host\" \"go\" (func $go (result i32)))".to_owned(),
            with: "(with \"host\" (instance $host))".to_owned(),
            call: "call $go".to_owned(),
            ..Handmade::default()
        };
        let error = lab.attack(&tool.component()).await.map(|called| called.answer).unwrap_err().error;
        assert!(matches!(&error, CallError::Trap(trap) if trap.cause().contains("no network")), "{error:?}");
        lab.held([ended("trapped")]).await;
    });
}

#[test]
fn l_04_imports_and_exports_of_the_wrong_type() {
    block_on(async {
        let lab = Lab::new();
        let imports = [
            "(import \"skillhost:skill/log@0.1.0\" (instance (export \"log\" (func (param \"x\" u32)))))",
            "(import \"wasi:clocks/monotonic-clock@0.2.0\" (instance (export \"now\" (func (result string)))))",
            "(import \"wasi:random/random@0.2.0\" (instance (export \"get-random-u64\" (func (param \"x\" u64)))))",
        ];
        for before in imports {
            let offered = lab.offer(&Handmade { before: before.to_owned(), ..Handmade::default() }.component()).await;
            assert!(matches!(&offered, Err(LoadError::Link(_))), "{before}: {offered:?}");
        }
        let name = "skillhost:skill/tool@0.1.0#call";
        for (signature, call) in [
            ("(param \"name\" string) (param \"arguments\" string) (result u32)", "i32.const 7"),
            ("(param \"name\" string) (param \"arguments\" string) (result string)", "i32.const 1032"),
            ("(param \"name\" string) (param \"arguments\" string) (result (result string))", "i32.const 1024"),
            (
                "(param \"name\" string) (param \"arguments\" (list u8)) (result (result string (error $error)))",
                "i32.const 1024",
            ),
        ] {
            let tool = Handmade { signature: signature.to_owned(), call: call.to_owned(), ..Handmade::default() };
            // Of code that is in the cache already, too.
            for _ in 0..2 {
                match lab.offer(&tool.component()).await {
                    Err(LoadError::ExportType { name: told, expected, found, reason }) => {
                        assert!(told == name && reason.contains("expected"), "{signature}: {reason}");
                        assert!(
                            found.is_some_and(|found| found != expected && found.starts_with("func(name: string, "))
                        );
                    }
                    other => panic!("{signature}: {other:?}"),
                }
            }
        }
        // The name of the interface, with a function or a component behind it; and an interface without its function.
        let good = Handmade::default().text();
        let export = "(export \"skillhost:skill/tool@0.1.0\" (instance $tool))";
        for other in ["(func $call)", "(component $nothing)"] {
            let text = good.replace(export, &format!("(export \"skillhost:skill/tool@0.1.0\" {other})"));
            let text = text.replacen("(core module $main", "(component $nothing) (core module $main", 1);
            // Some of these can't even be said.
            let Ok(bytes) = wat::parse_str(&text) else { continue };
            let bytes = skillhost_core::manifest::embed(
                &bytes,
                "[skill]\nname = \"x\"\nversion = \"1.0.0\"\nkind = \"tool\"\n[[tool]]\nname = \"t\"\n",
            )
            .unwrap();
            let offered = lab.offer(&bytes).await;
            assert!(
                matches!(&offered, Err(LoadError::ExportType { .. } | LoadError::Export { .. })),
                "{other}: {offered:?}"
            );
        }
        let text = good.replace("(export \"call\" (func $call))", "(export \"run\" (func $call))");
        let offered = lab.offer(&handmade::component(&text)).await;
        assert!(matches!(&offered, Err(LoadError::ExportType { name: told, .. }) if told == name), "{offered:?}");
        lab.held([]).await;
    });
}

#[test]
fn l_01_a_tool_that_could_never_be_called_is_not_loaded() {
    block_on(async {
        let lab = Lab::new();
        let bytes = wat::parse_str(Handmade::default().text()).unwrap();
        for (of, schema) in [("parameters", "{ type = 7 }"), ("returns", "{ type = \"string\", pattern = \"(\" }")] {
            let text = format!(
                "[skill]\nname = \"x\"\nversion = \"1.0.0\"\nkind = \"tool\"\n[[tool]]\nname = \"t\"\n{of} = {schema}\n"
            );
            let offered = lab.offer(&skillhost_core::manifest::embed(&bytes, &text).unwrap()).await;
            assert!(matches!(&offered, Err(LoadError::Tool { .. })), "{schema}: {offered:?}");
        }
        lab.held([]).await;
    });
}

#[test]
fn l_05_what_is_handed_over_does_not_lie_in_memory() {
    let tool = Handmade::default;
    let answer = |bytes: &str| Handmade { more: format!("(data (i32.const {ANSWER}) \"{bytes}\")"), ..tool() };
    // Of `result<string, error>`: at 0 which it is, from 8 on what it holds.
    let lies = [
        ("a result out of range", Handmade { call: "i32.const -8".to_owned(), ..tool() }),
        ("a result at the end", Handmade { call: "i32.const 65528".to_owned(), ..tool() }),
        ("a result that is not aligned", Handmade { call: "i32.const 1025".to_owned(), ..tool() }),
        ("neither of two cases", answer("\\02")),
        ("no case of the error", answer("\\01\\00\\00\\00\\00\\00\\00\\00\\06")),
        ("a string out of range", answer("\\00\\00\\00\\00\\00\\00\\00\\00\\f0\\ff\\00\\00\\40\\00\\00\\00")),
        ("a string without end", answer("\\00\\00\\00\\00\\00\\00\\00\\00\\00\\08\\00\\00\\ff\\ff\\ff\\ff")),
        ("a string that is no text", Handmade { more: "(data (i32.const 2048) \"\\ff\\fe\")".to_owned(), ..tool() }),
        (
            "an error's string out of range",
            answer("\\01\\00\\00\\00\\00\\00\\00\\00\\05\\00\\00\\00\\00\\00\\00\\00\\f0\\ff\\ff\\ff\\10\\00\\00\\00"),
        ),
        ("a realloc out of range", Handmade { realloc: "i32.const -16".to_owned(), ..tool() }),
        ("a realloc beyond the end", Handmade { realloc: "i32.const 65536".to_owned(), ..tool() }),
        ("a realloc that traps", Handmade { realloc: "unreachable".to_owned(), ..tool() }),
        ("a post-return that traps", Handmade { post: "unreachable".to_owned(), ..tool() }),
    ];
    block_on(async {
        let lab = Lab::new();
        let attacks = lies.len();
        for (what, tool) in lies {
            let error = lab.attack(&tool.component()).await.map(|called| called.answer).unwrap_err().error;
            assert!(matches!(error, CallError::Trap(_)), "{what}: {error:?}");
        }
        lab.held(ended("trapped").times(attacks)).await;
    });
}

#[test]
fn l_05_a_realloc_that_gives_what_is_in_use_harms_itself_alone() {
    block_on(async {
        let lab = Lab::new();
        // The name and the arguments come to lie on its own answer.
        let tool = Handmade { realloc: format!("i32.const {ANSWER}"), ..Handmade::default() };
        let ended_somehow = lab.attack(&tool.component()).await;
        let outcome = if ended_somehow.is_ok() { "done" } else { "trapped" };
        lab.held([ended(outcome)]).await;
    });
}

#[test]
fn l_05_arguments_of_an_import_that_lie() {
    block_on(async {
        let lab = Lab::new();
        let log = |call: &str| Handmade {
            before: "(import \"skillhost:skill/log@0.1.0\" (instance $log
                       (type $l (enum \"debug\" \"info\" \"warn\" \"error\")) (export \"level\" (type $level (eq $l)))
                       (export \"log\" (func (param \"level\" $level) (param \"message\" string)))))
                     (core module $libc (memory (export \"memory\") 1)
                       (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) i32.const 0))
                     (core instance $libc (instantiate $libc))
                     (core func $say (canon lower (func $log \"log\") (memory (core memory $libc \"memory\"))))
                     (core instance $host (export \"log\" (func $say)))"
                .to_owned(),
            imports: "(import \"host\" \"log\" (func $log (param i32 i32 i32)))".to_owned(),
            with: "(with \"host\" (instance $host))".to_owned(),
            call: format!("{call} call $log i32.const {ANSWER}"),
            ..Handmade::default()
        };
        let honest = lab.attack(&log("i32.const 1 i32.const 0 i32.const 10").component()).await.unwrap();
        assert!(honest.answer.is_ok());
        for (what, call) in [
            ("no such level", "i32.const 4 i32.const 0 i32.const 10"),
            ("a negative level", "i32.const -1 i32.const 0 i32.const 10"),
            ("a message out of range", "i32.const 1 i32.const 65530 i32.const 10"),
            ("a message that wraps around", "i32.const 1 i32.const -4 i32.const 8"),
            ("a message without end", "i32.const 1 i32.const 0 i32.const -1"),
        ] {
            let error = lab.attack(&log(call).component()).await.map(|called| called.answer).unwrap_err().error;
            assert!(matches!(error, CallError::Trap(_)), "{what}: {error:?}");
        }
        lab.held(ended("trapped").times(5).chain([ended("done")])).await;
    });
}

#[test]
fn l_06_dropped_and_foreign_handles() {
    use serde_json::json;
    block_on(async {
        let lab = Lab::new();
        std::fs::write(lab.tree().join("a.txt"), "a").unwrap();
        let grant = Capabilities { read: Globs::all(), write: Globs::all(), ..Capabilities::default() };
        let probe = lab.load("probe").await;
        let script = async |script: serde_json::Value| {
            let call = lab.call(&probe, &grant, Default::default());
            let arguments = json!({ "how": "files", "script": script });
            call.tool(&lab.engine, "misbehave", &arguments).await.map(|called| called.answer.unwrap())
        };
        let lies = [
            json!([{ "do": "foreign", "handle": 0 }]),
            json!([{ "do": "foreign", "handle": 77 }]),
            json!([{ "do": "foreign", "handle": 4095 }]),
            json!([{ "do": "foreign", "handle": u32::MAX }]),
            json!([{ "do": "dropped", "path": "a.txt" }]),
            json!([{ "do": "dropped-twice", "path": "a.txt" }]),
            json!([{ "do": "confused" }]),
        ];
        let attacks = lies.len();
        for lie in lies {
            let error = script(lie.clone()).await.unwrap_err().error;
            assert!(matches!(error, CallError::Trap(_)), "{lie}: {error:?}");
        }
        // A stream may outlive its file: what it writes is still of the grant.
        let outlived = script(json!([{ "do": "dropped-parent", "path": "a.txt", "text": "b" }])).await.unwrap();
        assert_eq!(
            (outlived, std::fs::read_to_string(lab.tree().join("a.txt")).unwrap()),
            (json!([true]), "b".to_owned())
        );
        lab.held(ended("trapped").times(attacks).chain([ended("done")])).await;
    });
}

#[test]
fn l_07_sections_that_lie_or_are_huge() {
    block_on(async {
        let lab = Lab::new();
        let hello = component("hello");
        let with = |section: Vec<u8>| [&hello[..], &section].concat();
        let manifest = b"[skill]\nname = \"other\"\nversion = \"1.0.0\"\nkind = \"tool\"\n[[tool]]\nname = \"t\"\n";
        // A second manifest, an identical one included.
        for second in [&manifest[..], b""] {
            let offered = lab.offer(&with(custom(SECTION, second))).await;
            assert!(matches!(offered, Err(LoadError::Manifest(ManifestError::Several))), "{offered:?}");
        }
        let bare = wat::parse_str(Handmade::default().text()).unwrap();
        let offer = async |section: &[u8]| lab.offer(&[&bare[..], section].concat()).await;
        // One that says it is longer than the file, and one of a length that overflows.
        let whole = custom(SECTION, manifest);
        assert!(matches!(
            offer(&whole[..whole.len() - 1]).await,
            Err(LoadError::Manifest(ManifestError::NotAComponent(_)))
        ));
        assert!(offer(&[&[0, 0xff, 0xff, 0xff, 0xff, 0x0f], &whole[..]].concat()).await.is_err());
        assert!(offer(&[&[0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], &whole[..]].concat()).await.is_err());
        // A name that is longer than its section, and one that is no text.
        assert!(offer(&[0, 2, 0x7f, b'x']).await.is_err());
        assert!(offer(&[0, 2, 1, 0xff]).await.is_err());
        // A manifest of 32 MiB, all of it one name, or nested brackets.
        for text in [
            "#".repeat(32 << 20),
            "[".repeat(MAX_MANIFEST_BYTES + 1),
            format!("x = {}", "[".repeat(MAX_MANIFEST_BYTES)),
        ] {
            let offered = offer(&custom(SECTION, text.as_bytes())).await;
            assert!(matches!(offered, Err(LoadError::Manifest(ManifestError::TooLarge(_)))), "{offered:?}");
        }
        for text in [
            &b"\xff\xfe"[..],
            b"",
            &[0; 1000],
            "[".repeat(MAX_MANIFEST_BYTES).as_bytes(),
            format!("x = {}", "[".repeat(100_000)).as_bytes(),
        ] {
            let offered = offer(&custom(SECTION, text)).await;
            assert!(matches!(offered, Err(LoadError::Manifest(_))), "{offered:?}");
        }
        // Sections of other names are nobody's business: neither what they say nor how large they are.
        for section in [
            custom("name", &[0xff; 100]),
            custom("producers", &vec![7; 8 << 20]),
            custom("component-name", b"\x00\x7f"),
        ] {
            let skill = lab.offer(&with(section)).await.unwrap();
            let called = lab.greet(lab.call(&skill, &Capabilities::default(), Default::default())).await.unwrap();
            assert_eq!(called.answer.unwrap()["greeting"], "Hello, you!");
        }
        lab.held(ended("done").times(3)).await;
    });
}
