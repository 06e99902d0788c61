//! The host that a component really has: its imports.

use std::io;

use crate::bindings::imports::skillhost::skill::{ask, changes, exec, log, model};
use crate::{Budget, Change, Command, Error, Host, Level, Node, Outcome, Reply, Request, Tier, ambient};

/// The component's imports. Only usable inside a component: on other targets each import would abort.
#[derive(Clone, Copy, Debug, Default)]
pub struct Imports;

impl Host for Imports {
    fn log(&self, level: Level, message: &str) {
        log::log(level, message);
    }

    fn progress(&self, message: &str, fraction: Option<f32>) {
        log::progress(message, fraction);
    }

    fn complete(&self, request: &Request) -> Result<Reply, Error> {
        model::complete(request)
    }

    fn complete_all(&self, requests: &[Request]) -> Vec<Result<Reply, Error>> {
        model::complete_all(requests)
    }

    fn window(&self, tier: Tier) -> Result<u64, Error> {
        model::window(tier)
    }

    fn remaining(&self) -> Budget {
        model::remaining()
    }

    fn commands(&self) -> Vec<Command> {
        exec::commands()
    }

    fn granted(&self) -> Vec<String> {
        exec::granted()
    }

    fn run(&self, name: &str, arguments: &[String]) -> Result<Outcome, Error> {
        exec::run(name, arguments)
    }

    fn output(&self, id: &str, offset: u64) -> Result<String, Error> {
        exec::output(id, offset)
    }

    fn changes(&self) -> Result<Vec<Change>, Error> {
        changes::entries()
    }

    fn diff(&self, paths: &[String]) -> Result<String, Error> {
        changes::diff(paths)
    }

    fn original(&self, path: &str, offset: u64) -> Result<Vec<u8>, Error> {
        changes::original(path, offset)
    }

    fn checkpoint(&self, message: &str, also: &[String]) -> Result<String, Error> {
        changes::checkpoint(message, also)
    }

    fn ask(&self, question: &str, options: &[String], default: &str) -> Result<String, Error> {
        ask::ask(question, options, default)
    }

    fn list(&self, path: &str) -> io::Result<Vec<Node>> {
        ambient::list(path)
    }

    fn size(&self, path: &str) -> io::Result<u64> {
        ambient::size(path)
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        ambient::read(path)
    }

    fn write(&self, path: &str, content: &[u8]) -> io::Result<()> {
        ambient::write(path, content)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        ambient::rename(from, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        ambient::remove(path)
    }
}
