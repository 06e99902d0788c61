// Everything that a skill can reach, over a port: the component's imports, or a mock.

import { diff as unified } from "./diff.js";
import { edit } from "./edit.js";
import { Failed, fileError, FileError, fromVariant, Invalid, shown, SkillError, TooLarge } from "./errors.js";
import { glob } from "./glob.js";
import { decode, encode, wellFormed } from "./text.js";

/** The largest text that is handed over. A skill has 256 MiB for everything, and a text takes some times its size. */
const MAX_TEXT_BYTES = 8 << 20;
/** Directories inside each other that a walk goes into. */
const MAX_DEPTH = 64;

export function hostOver(port) {
  // What is told may quote anything.
  const told = (message) => (typeof message === "string" ? wellFormed(message) : message);
  const level = (name) => (message) => void port.call("log.log", name, told(message));
  return {
    log: { debug: level("debug"), info: level("info"), warn: level("warn"), error: level("error") },
    progress: (message, fraction) => void port.call("log.progress", told(message), fraction),
    model: {
      complete: (request) => port.call("model.complete", whole(request)),
      completeAll: (requests) =>
        port.call("model.completeAll", requests.map(whole)).map(({ tag, val }) => (tag === "ok" ? val : fromVariant(val))),
      window: (tier) => port.call("model.window", tier),
      remaining: () => port.call("model.remaining"),
    },
    exec: {
      commands: () => port.call("exec.commands"),
      granted: () => port.call("exec.granted"),
      run: (name, commandArguments = []) => port.call("exec.run", name, commandArguments),
      output: (id, offset = 0) => port.call("exec.output", id, offset),
    },
    changes: {
      entries: () => port.call("changes.entries"),
      diff: (paths = []) => port.call("changes.diff", paths),
      original: (path, offset = 0) => port.call("changes.original", path, offset),
      checkpoint: (message, also = []) => port.call("changes.checkpoint", message, also),
    },
    ask: (question, options, otherwise) => port.call("ask.ask", question, options, otherwise),
    env: (name) => port.environment().find(([known]) => known === name)?.[1],
    request: ({ method = "GET", url, headers = {}, body }) => {
      const bytes = typeof body === "string" ? encode(body) : body;
      const reply = port.http({ method: method.toUpperCase(), url, headers: Object.entries(headers), body: bytes });
      return { ...reply, headers: Object.fromEntries(reply.headers), text: () => textOf(url, reply.body) };
    },
    files: filesOver(port.files),
  };
}

function textOf(url, bytes) {
  const text = decode(bytes);
  if (text === undefined) throw new Failed(`what ${shown(url)} replied is not UTF-8 text`);
  return text;
}

/** A request with what most leave out. */
function whole(request) {
  return { tier: "standard", tools: [], toolChoice: "auto", ...request };
}

function filesOver(port) {
  const attempt = (path, capability, work) => {
    try {
      return work(locate(path));
    } catch (error) {
      if (error instanceof SkillError || typeof error?.payload !== "string") throw error;
      throw fileError(path, error.payload, capability);
    }
  };
  const files = {
    read: (path) => attempt(path, "read", port.read),
    readText(path) {
      const size = files.size(path);
      if (size > MAX_TEXT_BYTES) throw new TooLarge(size);
      const text = decode(files.read(path));
      if (text === undefined) throw new Invalid(`${shown(path)} is not UTF-8 text`);
      return text;
    },
    write: (path, bytes) => attempt(path, "write", (place) => inDirectory(port, place, () => port.write(place, bytes))),
    writeText: (path, text) => files.write(path, encode(text)),
    /** Gives the diff of what it did. */
    editText(path, before, after, options) {
      const old = files.readText(path);
      const text = edit(old, before, after, { path, ...options });
      files.writeText(path, text);
      return unified(old, text, { path });
    },
    list: (path = "") =>
      attempt(path, "read", port.list)
        .map(({ name, type }) => ({ name, kind: KINDS[type] ?? "other" }))
        .sort((one, other) => byCodePoint(one.name, other.name)),
    size: (path) => attempt(path, "read", port.stat).size,
    exists(path) {
      try {
        files.size(path);
        return true;
      } catch (error) {
        if (error instanceof FileError && ["no-entry", "not-directory"].includes(error.code)) return false;
        throw error;
      }
    },
    rename: (from, to) =>
      attempt(to, "write", (place) => inDirectory(port, place, () => port.rename(locate(from), place))),
    remove: (path) => attempt(path, "write", port.remove),
    walk({ root = "", glob: pattern = "**" } = {}) {
      const fits = glob(pattern);
      const found = [];
      const visit = (directory, entries, depth) => {
        for (const { name, kind } of entries) {
          const path = directory === "" ? name : `${directory}/${name}`;
          if (kind === "file" && fits(path)) found.push(path);
          if (kind === "directory" && name.toLowerCase() !== ".git" && depth < MAX_DEPTH) {
            visit(path, readable(files, path), depth + 1);
          }
        }
      };
      const start = locate(root);
      visit(start, files.list(start), 0);
      return found.sort(byCodePoint);
    },
  };
  return files;
}

const KINDS = { "regular-file": "file", directory: "directory" };

/** A directory that can't be read has nothing to show. */
function readable(files, path) {
  try {
    return files.list(path);
  } catch (error) {
    if (error instanceof SkillError && error.tag !== "cancelled") return [];
    throw error;
  }
}

/** Paths are relative to the worktree's root, also where they begin with it. */
function locate(path) {
  return path.replace(/^\/repo(?=\/|$)/, "").replace(/^(?:\.?\/)+/, "").replace(/^\.$/, "");
}

/** Makes the directories of a path where they are missing: making one that exists may already be denied. */
function inDirectory(port, path, work) {
  try {
    return work();
  } catch (error) {
    if (error?.payload !== "no-entry" || !path.includes("/")) throw error;
  }
  const names = path.split("/").slice(0, -1);
  for (let count = 1; count <= names.length; count += 1) {
    const directory = names.slice(0, count).join("/");
    try {
      port.createDirectory(directory);
    } catch (error) {
      if (error?.payload !== "exist") throw error;
    }
  }
  return work();
}

/** The order of UTF-8, which is not that of UTF-16. */
export function byCodePoint(one, other) {
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at += 1) {
    const [a, b] = [one.charCodeAt(at), other.charCodeAt(at)];
    if (a !== b) return rank(a) - rank(b);
  }
  return one.length - other.length;
}

const rank = (unit) => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);
