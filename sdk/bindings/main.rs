//! What `wit-bindgen` makes of `wit/` for the SDKs that can't do so while they compile. It is kept in the repository, so that
//! neither the program nor a new skill needs the generator; a test holds that it is what the generator gives.

use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::{Resolve, WorldId};
use wit_component::StringEncoding;

/// The kinds of skill; each has a world of its own.
const KINDS: [&str; 5] = ["spec", "review", "implement", "verify", "tool"];

/// Paths from the root, and what is in each.
type Sources = BTreeMap<PathBuf, Vec<u8>>;

/// Folders that hold nothing but what is generated.
const GENERATED: [&str; 2] = ["sdk/c/generated", "sdk/go/generated"];

/// The name of Go's generated packages, below that of the SDK's module.
const GO_PACKAGE: &str = "skillhost/sdk/generated";

/// The workspace's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Writes the generated sources anew.
fn main() -> Result<()> {
    let made = generate()?;
    for folder in GENERATED {
        let folder = root().join(folder);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
    }
    for (path, bytes) in &made {
        let path = root().join(path);
        let folder = path.parent().context("a generated file is in a folder")?;
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        fs::write(&path, bytes).with_context(|| path.display().to_string())?;
    }
    println!("{} files, in {}", made.len(), GENERATED.join(" and "));
    Ok(())
}

fn generate() -> Result<Sources> {
    let mut made = Sources::new();
    for kind in KINDS {
        c(kind, &mut made)?;
        go(kind, &mut made)?;
    }
    Ok(made)
}

fn world(kind: &str) -> Result<(Resolve, WorldId)> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(root().join("wit"))?;
    let world = resolve.select_world(&[package], Some(&format!("{kind}-skill")))?;
    Ok((resolve, world))
}

/// `skill.h` and `skill.c`, with short names, and the world's type as C instead of an object file.
fn c(kind: &str, made: &mut Sources) -> Result<()> {
    let (mut resolve, world) = world(kind)?;
    let package = |interface: &str| format!("skillhost:skill/{interface}@{}", version(&resolve));
    let short = ["log", "model", "exec", "changes", "ask", kind].map(|name| (package(name), format!("skill_{name}")));
    let rename = [(package("types"), "skill".to_owned())].into_iter().chain(short).collect();
    let options =
        wit_bindgen_c::Opts { no_object_file: true, rename, rename_world: Some("skill".into()), ..Default::default() };
    let component_type = wit_component::metadata::encode(&resolve, world, StringEncoding::UTF8, None, false)?;
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files)?;
    let folder = Path::new("sdk/c/generated").join(kind);
    for (name, bytes) in files.iter() {
        made.insert(folder.join(name), bytes.to_vec());
    }
    made.insert(folder.join("component_type.c"), c_section(kind, &component_type)?.into_bytes());
    Ok(())
}

/// The packages of the host's interfaces once, what exports each kind apart, and the world's type as it stands in a module.
fn go(kind: &str, made: &mut Sources) -> Result<()> {
    let (mut resolve, world) = world(kind)?;
    let options = wit_bindgen_go::Opts {
        format: wit_bindgen_go::Format::False,
        pkg_name: Some(GO_PACKAGE.into()),
        ..Default::default()
    };
    let folder = Path::new("sdk/go/generated");
    let component_type = wit_component::metadata::encode(&resolve, world, StringEncoding::UTF8, None, false)?;
    made.insert(folder.join(format!("types/{kind}.go")), go_type(kind, &component_type)?.into_bytes());
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files)?;
    // What is exported is asked for in a package of the SDK, and what the bindings need beside them is in the SDK as well.
    let exported = format!("export_skillhost_skill_{kind}");
    for (name, bytes) in files.iter() {
        let text = String::from_utf8(bytes.to_vec()).context("Go is text")?;
        let text = text.replace(&format!("{GO_PACKAGE}/exports/{exported}"), &format!("skillhost/sdk/internal/{kind}"));
        let text = text.replace(&format!("{exported}."), &format!("{kind}."));
        let bytes = text.replace("go.bytecodealliance.org/pkg/wit/", "skillhost/sdk/wit/").into_bytes();
        // Each kind has one of these, which would be in the others' place.
        let path = folder.join(name.replace("exports/wit_exports/", &format!("exports/{kind}/")));
        let before = made.insert(path.clone(), bytes.clone());
        ensure!(before.is_none_or(|before| before == bytes), "{} differs from kind to kind", path.display());
    }
    Ok(())
}

/// The same section as text of Go, since a module that Go makes can't have one of its own.
fn go_type(kind: &str, bytes: &[u8]) -> Result<String> {
    let constant = format!("{}{}", kind[..1].to_uppercase(), &kind[1..]);
    let mut text = format!(
        "// Made by `cargo xtask bindings`. DO NOT EDIT!\n\npackage types\n\n// {constant} is the type of the world \
         `{kind}-skill`, as it stands in a module's custom section.\nconst {constant} = \"\" +\n"
    );
    let rows: Vec<String> = bytes
        .chunks(28)
        .map(|row| format!("\t\"{}\"", row.iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>()))
        .collect();
    writeln!(text, "{}", rows.join(" +\n"))?;
    Ok(text)
}

/// The one version that all interfaces have.
fn version(resolve: &Resolve) -> String {
    let versions = resolve.packages.iter().filter_map(|(_, package)| package.name.version.as_ref());
    versions.map(ToString::to_string).next().unwrap_or_default()
}

/// A custom section, for the assembler of clang: unlike an object file, it is read by people and compared by git.
fn c_section(kind: &str, bytes: &[u8]) -> Result<String> {
    ensure!(!bytes.is_empty(), "the world has no type");
    let mut text = format!(
        "/* Made by `cargo xtask bindings`. The type of the world `{kind}-skill`, which the module carries as a custom\n \
         * section, so that it can be made a component. */\n\
         __asm__(\".section \\\".custom_section.component-type:{kind}-skill\\\",\\\"\\\",@\\n\"\n"
    );
    for row in bytes.chunks(24) {
        let row: Vec<String> = row.iter().map(|byte| format!("0x{byte:02x}")).collect();
        writeln!(text, "        \".byte {}\\n\"", row.join(","))?;
    }
    text.push_str("        );\n\n/* What skill.c asks for, to be sure that this is linked. */\n");
    text.push_str("void __component_type_object_force_link_skill(void) {}\n");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_what_the_generator_gives() {
        let made = generate().expect("wit/ is well-formed");
        for (path, bytes) in &made {
            let kept = fs::read(root().join(path)).unwrap_or_default();
            assert!(&kept == bytes, "{} differs; `cargo xtask bindings` writes it anew", path.display());
        }
        let mut kept = vec![];
        for folder in GENERATED {
            list(&root().join(folder), &mut kept);
        }
        for path in kept {
            let path = path.strip_prefix(root()).expect("it is in the repository");
            assert!(made.contains_key(path), "{} is not generated", path.display());
        }
    }

    fn list(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a generated folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { list(&path, into) } else { into.push(path) }
        }
    }
}
