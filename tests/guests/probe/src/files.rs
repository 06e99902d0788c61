//! A small language for file work, so that an attack on files is data: a list of steps, each answered with what it gave,
//! or with `!` and the error's name.
//!
//! It speaks `wasi:filesystem` itself: a language's own library would tidy paths up before the host sees them. A path is
//! text, or a list of bytes that need not be; `at` is the descriptor that it starts from, 0 the tree's root, and each
//! `open` gives the next number, whether it worked or not. In a `repeat`, `#` stands for the number of the round.
#![allow(unsafe_code, reason = "a hostile guest hands over text that is none")]

mod bindings {
    wit_bindgen::generate!({
        path: "../../../host/engine/src/files/wit",
        world: "skillhost:file-guard/guard",
        generate_all,
    });
}

use bindings::wasi::clocks::wall_clock::Datetime;
use bindings::wasi::filesystem::preopens::get_directories;
use bindings::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorType, DirectoryEntryStream, ErrorCode, NewTimestamp, OpenFlags, PathFlags,
    filesystem_error_code,
};
use bindings::wasi::io::streams::{OutputStream, StreamError};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Most bytes of a file that are read.
const MOST_BYTES: u64 = 1 << 20;

/// Does what `script` says, step by step.
pub fn run(script: &Value) -> Value {
    let mut files = Files::default();
    script.as_array().into_iter().flatten().map(|step| files.answer(step)).collect()
}

#[derive(Default)]
struct Files {
    open: Vec<Option<Descriptor>>,
    listings: Vec<DirectoryEntryStream>,
    streams: Vec<OutputStream>,
}

impl Files {
    fn answer(&mut self, step: &Value) -> Value {
        if self.open.is_empty() {
            self.open.push(get_directories().into_iter().next().map(|(root, _)| root));
        }
        match self.take(step) {
            Ok(given) => given,
            Err(error) => format!("!{}", error.name()).into(),
        }
    }

    fn at(&self, step: &Value, key: &str) -> Result<&Descriptor, ErrorCode> {
        let number = step[key].as_u64().unwrap_or(0) as usize;
        self.open.get(number).and_then(Option::as_ref).ok_or(ErrorCode::BadDescriptor)
    }

    fn take(&mut self, step: &Value) -> Result<Value, ErrorCode> {
        let does = step["do"].as_str().unwrap_or_default();
        let (path, to) = (text(&step["path"]), text(&step["to"]));
        let number = |key: &str| step[key].as_u64().unwrap_or(0);
        if does == "repeat" {
            return Ok(self.repeat(step));
        }
        if does == "open" {
            let opened = self.at(step, "at").and_then(|at| open(at, &path, step["how"].as_str().unwrap_or("read")));
            let (opened, result) = match opened {
                Ok(opened) => (Some(opened), Ok(true.into())),
                Err(error) => (None, Err(error)),
            };
            self.open.push(opened);
            return result;
        }
        let at = self.at(step, "at")?;
        Ok(match does {
            "read" => read(&open(at, &path, "read")?)?,
            "write" => {
                let file = open(at, &path, step["how"].as_str().unwrap_or("write create truncate"))?;
                json!(file.write(text(&step["text"]).as_bytes(), number("offset"))?)
            }
            "list" => {
                let listing = open(at, &path, "read directory")?.read_directory()?;
                let mut names = Vec::new();
                while let Some(entry) = listing.read_directory_entry()? {
                    names.push(entry.name);
                }
                names.sort();
                json!(names)
            }
            "count" => {
                let listing = open(at, &path, "read directory")?.read_directory()?;
                let mut names = 0;
                while listing.read_directory_entry()?.is_some() {
                    names += 1;
                }
                json!(names)
            }
            "stat" | "lstat" => {
                let stat = at.stat_at(follow(does == "stat"), &path)?;
                match stat.type_ {
                    DescriptorType::RegularFile => json!(stat.size),
                    other => format!("{other:?}").into(),
                }
            }
            "hash" => json!(at.metadata_hash_at(follow(true), &path).map(|_| true)?),
            "mkdir" => done(at.create_directory_at(&path)?),
            "rmdir" => done(at.remove_directory_at(&path)?),
            "unlink" => done(at.unlink_file_at(&path)?),
            "readlink" => at.readlink_at(&path)?.into(),
            "symlink" => done(at.symlink_at(&to, &path)?),
            "link" => done(at.link_at(follow(true), &path, self.at(step, "onto")?, &to)?),
            "rename" => done(at.rename_at(&path, self.at(step, "onto")?, &to)?),
            "resize" => done(open(at, &path, "write")?.set_size(number("size"))?),
            "times" => done(at.set_times_at(follow(true), &path, time(step), time(step))?),
            // Of the descriptor itself.
            "read-open" => read(at)?,
            "write-open" => json!(at.write(text(&step["text"]).as_bytes(), number("offset"))?),
            "stream-open" => {
                let stream = at.write_via_stream(number("offset"))?;
                let written = stream.blocking_write_and_flush(text(&step["text"]).as_bytes());
                written.map(done).map_err(code)?
            }
            "append-open" => {
                let stream = at.append_via_stream()?;
                stream.blocking_write_and_flush(text(&step["text"]).as_bytes()).map(done).map_err(code)?
            }
            "resize-open" => done(at.set_size(number("size"))?),
            "times-open" => done(at.set_times(time(step), time(step))?),
            "hold-listing" => {
                let listing = at.read_directory()?;
                self.listings.push(listing);
                done(())
            }
            "hold-stream" => {
                let stream = at.write_via_stream(0)?;
                self.streams.push(stream);
                done(())
            }
            "sleep" => done(std::thread::sleep(std::time::Duration::from_millis(number("milliseconds")))),
            "roots" => json!(get_directories().len()),
            // Handles that are none, that were dropped, or that stand for something else.
            "foreign" => {
                // SAFETY: none; it is the host that has to notice.
                let foreign = unsafe { Descriptor::from_handle(number("handle") as u32) };
                format!("{:?}", foreign.get_type()?).into()
            }
            "dropped" => {
                let dropped = open(at, &path, "read")?;
                // SAFETY: none; as above.
                let twin = unsafe { Descriptor::from_handle(dropped.handle()) };
                drop(dropped);
                format!("{:?}", twin.get_type()?).into()
            }
            "dropped-twice" => {
                let dropped = open(at, &path, "read")?;
                // SAFETY: none; as above.
                drop(unsafe { Descriptor::from_handle(dropped.handle()) });
                done(drop(dropped))
            }
            "confused" => {
                // SAFETY: none; as above.
                let listing = unsafe { DirectoryEntryStream::from_handle(at.handle()) };
                format!("{:?}", listing.read_directory_entry()?.map(|entry| entry.name)).into()
            }
            "dropped-parent" => {
                // A stream outlives its file, and a listing its folder.
                let file = open(at, &path, "read write")?;
                let stream = file.write_via_stream(0)?;
                drop(file);
                stream.blocking_write_and_flush(text(&step["text"]).as_bytes()).map(done).map_err(code)?
            }
            "close" => {
                let number = number("at") as usize;
                self.open[number] = None;
                done(())
            }
            other => panic!("no step is called `{other}`"),
        })
    }

    /// How often each answer was given.
    fn repeat(&mut self, step: &Value) -> Value {
        let mut answers = BTreeMap::<String, u64>::new();
        for round in 0..step["times"].as_u64().unwrap_or(0) {
            for inner in step["of"].as_array().into_iter().flatten() {
                let answer = self.answer(&numbered(inner, round));
                *answers.entry(answer.as_str().map_or_else(|| answer.to_string(), str::to_owned)).or_default() += 1;
            }
        }
        json!(answers)
    }
}

fn open(at: &Descriptor, path: &str, how: &str) -> Result<Descriptor, ErrorCode> {
    let has = |word: &str| how.split(' ').any(|one| one == word);
    let mut flags = OpenFlags::empty();
    flags.set(OpenFlags::CREATE, has("create"));
    flags.set(OpenFlags::TRUNCATE, has("truncate"));
    flags.set(OpenFlags::EXCLUSIVE, has("exclusive"));
    flags.set(OpenFlags::DIRECTORY, has("directory"));
    let mut access = DescriptorFlags::empty();
    access.set(DescriptorFlags::READ, has("read"));
    access.set(DescriptorFlags::WRITE, has("write"));
    access.set(DescriptorFlags::MUTATE_DIRECTORY, has("mutate"));
    at.open_at(follow(!has("nofollow")), path, flags, access)
}

fn follow(links: bool) -> PathFlags {
    if links { PathFlags::SYMLINK_FOLLOW } else { PathFlags::empty() }
}

fn read(file: &Descriptor) -> Result<Value, ErrorCode> {
    let (bytes, _) = file.read(MOST_BYTES, 0)?;
    Ok(String::from_utf8_lossy(&bytes).into())
}

fn time(step: &Value) -> NewTimestamp {
    let number = |key: &str| step[key].as_u64().unwrap_or(0);
    NewTimestamp::Timestamp(Datetime { seconds: number("seconds"), nanoseconds: number("nanoseconds") as u32 })
}

fn code(error: StreamError) -> ErrorCode {
    match error {
        StreamError::Closed => ErrorCode::Pipe,
        StreamError::LastOperationFailed(error) => filesystem_error_code(&error).unwrap_or(ErrorCode::Io),
    }
}

fn done(_: ()) -> Value {
    true.into()
}

fn text(value: &Value) -> String {
    match value {
        Value::Array(bytes) => {
            let bytes = bytes.iter().map(|byte| byte.as_u64().unwrap_or(0) as u8).collect();
            // SAFETY: none; it is the host that has to notice.
            unsafe { String::from_utf8_unchecked(bytes) }
        }
        text => text.as_str().unwrap_or_default().to_owned(),
    }
}

/// A step of a `repeat`, with the number of its round.
fn numbered(step: &Value, round: u64) -> Value {
    let replace = |(key, value): (&String, &Value)| {
        let value = match value {
            Value::String(text) if text.contains('#') => text.replace('#', &round.to_string()).into(),
            other => other.clone(),
        };
        (key.clone(), value)
    };
    step.as_object().map(|step| step.iter().map(replace).collect()).unwrap_or_default()
}
