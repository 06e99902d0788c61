//! Secrets, markers, leftovers, stubs, errors that are dropped.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::{hits, lines};

/// Put together here, so that this file holds no key itself.
fn key(prefix: &str, rest: &str) -> String {
    format!("{prefix}{rest}")
}

#[test]
fn secrets_by_their_shape() {
    let aws = format!("let key = \"{}\";\n", key("AKIA", "Q3EXAMPLEQ3EXAMP"));
    let github = format!("token: {}\n", key("ghp_", &"a1B2".repeat(9)));
    let private = format!("-----BEGIN EC {}\n", key("PRIVATE", " KEY-----"));
    lines(
        "secret",
        &[
            ("src/a.rs", &aws, true),
            ("tests/a.py", &aws, true),
            ("deploy.yml", &github, true),
            ("src/a.pem", &private, true),
            ("src/a.rs", "let key = \"AKIA\";\n", false),
            ("src/a.rs", "const PREFIX: &str = \"ghp_\";\n", false),
            ("src/a.rs", &format!("find(\"{}\")\n", private.trim()), false),
            ("src/a.rs", &format!("let key = \"{}\\n{}\";\n", private.trim(), "MIIE".repeat(20)), true),
            (".npmrc", "npm_config_store_directory_of_all_the_packages=1\n", false),
        ],
    );
}

#[test]
fn secrets_by_what_they_are_assigned_to() {
    let random = key("q8Zr2Xv9", "LmT4wKpA7sDf3GhJ");
    let assigned = |text: &str| text.replace("VALUE", &random);
    for (path, text, found) in [
        ("src/a.rs", "const API_TOKEN: &str = \"VALUE\";\n", true),
        ("src/a.ts", "client.login('admin', 'VALUE');\n", false),
        ("src/a.py", "password = \"VALUE\"\n", true),
        ("src/a.ts", "  apiKey: 'VALUE',\n", true),
        ("main.go", "\tsecret := \"VALUE\"\n", true),
        (".env", "SECRET=VALUE\n", true),
        ("tests/a.py", "password = \"VALUE\"\n", false),
        ("src/a.py", "checksum = \"VALUE\"\n", false),
        ("src/a.py", "password = \"your-password-here-12345\"\n", false),
        ("src/a.py", "password = os.environ[\"PASSWORD_OF_1\"]\n", false),
        ("src/a.ts", "const token = await readTokenFromVault1();\n", false),
        ("src/a.ts", "token: \"aaaaaaaaaaaaaaaaaaaaaaa1\",\n", false),
        ("yarn.lock", "  token \"VALUE\"\n", false),
    ] {
        lines("secret", &[(path, &assigned(text), found)]);
    }
}

#[test]
fn conflict_markers() {
    lines(
        "conflict-marker",
        &[
            ("src/a.rs", "<<<<<<< HEAD\nfn a() {}\n", true),
            ("README.md", ">>>>>>> feature\n", true),
            ("README.md", "Title\n=======\n", false),
            ("src/a.rs", "let x = 1 << 7;\n    <<<<<<< not at the line's beginning\n", false),
        ],
    );
}

#[test]
fn debugging() {
    lines(
        "debug-leftover",
        &[
            ("src/a.rs", "    dbg!(x);\n", true),
            ("src/a.rs", "    println!(\"here\");\n", true),
            ("src/a.ts", "  console.log(user);\n", true),
            ("src/a.js", "debugger;\n", true),
            ("src/a.py", "    breakpoint()\n", true),
            ("src/a.py", "    print(f\"DEBUG {x}\")\n", true),
            ("main.go", "\tspew.Dump(x)\n", true),
            ("src/a.rs", "    println!(\"{total} rows\");\n", false),
            ("src/a.py", "    print(total)\n", false),
            ("scripts/build.js", "console.log('built');\n", false),
            ("src/cli.ts", "console.log(help);\n", false),
            ("src/a.test.ts", "console.log(x);\n", false),
            ("main.go", "\tfmt.Println(total)\n", false),
            ("src/a.rs", "// dbg!(x) shows it\n", false),
        ],
    );
    let before = "console.log('start');\n";
    let now = "console.log('start');\nconsole.log('stop');\n";
    assert!(hits("debug-leftover", &[("src/a.js", Some(before), Some(now))]).is_empty(), "it always did");
}

#[test]
fn stubs() {
    lines(
        "stub",
        &[
            ("src/a.rs", "fn a() { todo!() }\n", true),
            ("src/a.rs", "    unimplemented!(\"later\")\n", true),
            ("src/a.ts", "throw new Error('Not implemented');\n", true),
            ("src/a.py", "    raise NotImplementedError\n", true),
            ("main.go", "\tpanic(\"not implemented\")\n", true),
            ("src/a.py", "    @abstractmethod\n    def f(self):\n        raise NotImplementedError\n", false),
            ("tests/a.rs", "fn a() { unimplemented!() }\n", false),
            ("src/a.rs", "// todo!() is no code\n", false),
            ("src/a.ts", "const label = 'not implemented';\n", false),
            ("README.md", "Never write `todo!()`.\n", false),
        ],
    );
}

#[test]
fn errors_that_are_dropped() {
    lines(
        "swallowed-error",
        &[
            ("src/a.ts", "try { f(); } catch (e) {}\n", true),
            ("src/a.js", "  } catch {\n  }\n", true),
            ("src/a.js", "f().catch(() => {});\n", true),
            ("src/a.py", "    except Exception:\n        pass\n", true),
            ("src/a.py", "    except: pass\n", true),
            ("main.go", "\tif err != nil {\n\t}\n", true),
            ("src/a.rs", "        Err(_) => {}\n", true),
            ("src/A.java", "} catch (IOException e) {\n}\n", true),
            ("src/a.ts", "} catch (e) {\n  // the file may be gone already\n}\n", false),
            ("src/a.ts", "} catch (e) {\n  report(e);\n}\n", false),
            ("src/a.py", "    except ValueError:\n        return None\n", false),
            ("main.go", "\tif err != nil {\n\t\treturn err\n\t}\n", false),
            ("src/a.rs", "        Err(_) => return None,\n", false),
            ("tests/a.test.ts", "try { f(); } catch (e) {}\n", false),
        ],
    );
}
