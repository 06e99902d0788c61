// A host in memory: files, scripted replies and commands, and a record of what the skill did. Skills are tested with it in
// plain Node. What a skill hands over is checked as it is in a component.

import { lift, lowerArguments } from "./canonical.js";
import { diff } from "./diff.js";
import { Denied, Failed, Invalid, shown, SkillError, toVariant } from "./errors.js";
import { glob } from "./glob.js";
import { hostOver } from "./host.js";
import { decode, encode } from "./text.js";

/** What the host hands over at once of an output, and of a file at the base commit. */
const PART_BYTES = 64 << 10;
const ORIGINAL_BYTES = 1 << 20;

/**
 * A host with these `files` at the base commit and in the worktree. `replies` are the model's, in order, each a text, tool
 * calls by `calls`, a whole reply, or an error to throw. `commands` are the declared ones that it may run, each with how its
 * runs end. `requests` are replies by URL. `read` and `write` are globs that are granted; all where they are left out.
 */
export function mockHost({ files = {}, replies = [], commands = {}, environment = {}, requests = {}, budget = {}, read = ["**"], write = ["**"], window = 200_000 } = {}) {
  const bytes = (content) => (typeof content === "string" ? encode(content) : content);
  const base = new Map(Object.entries(files).map(([path, content]) => [path, bytes(content)]));
  const now = new Map(base);
  const record = { requests: [], logs: [], runs: [], checkpoints: [], questions: [], sent: [] };
  const waiting = [...replies];
  const outputs = new Map();
  const left = { ...budget };

  const complete = (request) => {
    // A copy, since a skill goes on with its messages.
    record.requests.push(structuredClone(request));
    const next = waiting.shift();
    if (next === undefined) throw new Failed("the mock has no more replies");
    if (next instanceof SkillError) throw next;
    const reply = asReply(next);
    if (left.tokens !== undefined) left.tokens = Math.max(0, left.tokens - reply.usage.inputTokens - reply.usage.outputTokens);
    return reply;
  };
  const changed = () =>
    [...new Set([...base.keys(), ...now.keys()])].sort().flatMap((path) => {
      const [before, after] = [base.get(path), now.get(path)];
      if (before === undefined) return [{ path, kind: "added" }];
      if (after === undefined) return [{ path, kind: "deleted" }];
      return decode(before) === decode(after) && before.length === after.length ? [] : [{ path, kind: "modified" }];
    });
  const functions = {
    "log.log": (level, message) => void record.logs.push([level, message]),
    "log.progress": () => undefined,
    "model.complete": complete,
    "model.completeAll": (requests) =>
      requests.map((request) => {
        try {
          return { tag: "ok", val: complete(request) };
        } catch (error) {
          return { tag: "err", val: toVariant(error) };
        }
      }),
    "model.window": () => window,
    "model.remaining": () => ({ ...left }),
    "exec.commands": () => Object.keys(commands).map((name) => ({ name, description: "" })),
    "exec.granted": () => Object.keys(commands),
    "exec.run"(name, commandArguments) {
      if (!Object.hasOwn(commands, name)) throw new Denied(`exec ${name} was not granted`);
      const endings = [commands[name]].flat();
      const before = record.runs.filter((run) => run.name === name).length;
      const { exitCode = 0, output = "" } = endings[Math.min(before, endings.length - 1)];
      record.runs.push({ name, arguments: commandArguments });
      const id = `run:${record.runs.length}`;
      outputs.set(id, encode(output));
      return { id, exitCode: exitCode ?? undefined, output, outputSize: outputs.get(id).length, durationMs: 5 };
    },
    "exec.output"(id, offset) {
      const output = outputs.get(id);
      if (output === undefined) throw new Invalid(`no output ${id}`);
      return new TextDecoder().decode(output.subarray(offset, offset + PART_BYTES));
    },
    "changes.entries": changed,
    "changes.diff": (paths) =>
      changed()
        .filter(({ path }) => paths.length === 0 || paths.includes(path))
        .map(({ path }) => diff(decode(base.get(path) ?? encode("")) ?? "", decode(now.get(path) ?? encode("")) ?? "", { path }))
        .join(""),
    "changes.original"(path, offset) {
      const content = base.get(path);
      if (content === undefined) throw new Invalid(`${shown(path)} is not in the base commit`);
      return content.slice(offset, offset + ORIGINAL_BYTES);
    },
    "changes.checkpoint"(message) {
      record.checkpoints.push(message);
      return String(record.checkpoints.length).padStart(40, "0");
    },
    "ask.ask"(question, options, otherwise) {
      record.questions.push(question);
      return otherwise;
    },
  };

  const port = {
    call: (name, ...values) => lift(functions[name](...lowerArguments(name, values).map(lift))),
    files: memory(now, { read: read.map(glob), write: write.map(glob) }),
    environment: () => Object.entries(environment),
    http({ method, url, headers, body }) {
      record.sent.push({ method, url, headers: Object.fromEntries(headers), body: body && decode(body) });
      if (!Object.hasOwn(requests, url)) throw new Denied(`http ${url} was not granted`);
      const { status = 200, headers: fields = {}, body: content = "" } = requests[url];
      return { status, headers: Object.entries(fields), body: bytes(content) };
    },
  };
  return {
    ...hostOver(port),
    ...record,
    /** A file's text as it is now, whatever is granted. */
    text: (path) => (now.has(path) ? decode(now.get(path)) : undefined),
    /** Scripted replies that no call took. */
    repliesLeft: () => waiting.length,
  };
}

/** `wasi:filesystem` over a map. Directories are there where a file is in them. */
function memory(files, granted) {
  const fail = (code) => {
    throw Object.assign(new Error(code), { payload: code });
  };
  const isDirectory = (path) => path === "" || [...files.keys()].some((file) => file.startsWith(`${path}/`));
  const check = (path, capability) => {
    if (!granted[capability].some((fits) => fits(path))) fail("not-permitted");
  };
  const content = (path) => {
    check(path, "read");
    if (files.has(path)) return files.get(path);
    return fail(isDirectory(path) ? "is-directory" : "no-entry");
  };
  const remove = (path) => {
    check(path, "write");
    if (!files.delete(path)) fail("no-entry");
  };
  const write = (path, bytes) => {
    check(path, "write");
    if (isDirectory(path)) fail("is-directory");
    files.set(path, bytes.slice());
  };
  return {
    list(path) {
      if (!isDirectory(path)) fail(files.has(path) ? "not-directory" : "no-entry");
      const prefix = path === "" ? "" : `${path}/`;
      const inside = [...files.keys()].filter((file) => file.startsWith(prefix)).map((file) => file.slice(prefix.length));
      const names = new Map(inside.map((rest) => [rest.split("/")[0], rest.includes("/") ? "directory" : "regular-file"]));
      return [...names].map(([name, type]) => ({ name, type }));
    },
    stat: (path) => (isDirectory(path) ? { type: "directory", size: 0 } : { type: "regular-file", size: content(path).length }),
    read: (path) => content(path).slice(),
    write,
    createDirectory: () => undefined,
    rename(from, to) {
      const bytes = files.get(from) ?? fail("no-entry");
      remove(from);
      write(to, bytes);
    },
    remove,
  };
}

const USAGE = { inputTokens: 900, cachedInputTokens: 0, outputTokens: 100 };

function asReply(reply) {
  if (typeof reply !== "string") return reply;
  return { parts: [{ tag: "text", val: reply }], stop: "end", usage: USAGE, model: "scripted" };
}

/** A reply of tool calls, each a name and its arguments. */
export function calls(...each) {
  const parts = each.map(([name, given], index) => ({
    tag: "tool-call",
    val: { id: `c${index + 1}`, name, arguments: typeof given === "string" ? given : JSON.stringify(given) },
  }));
  return { parts, stop: "tool-calls", usage: USAGE, model: "scripted" };
}

/** A brief with a goal, and whatever else it is given. */
export function mockBrief(goal, more = {}) {
  return {
    run: "r1", agent: "main", goal, base: "0".repeat(40),
    conventions: [], steps: [], criteria: [], findings: [], answers: [], gates: [],
    ...more,
  };
}
