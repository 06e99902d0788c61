// Why a call failed, as errors that can be caught by their class. They cross the component's border as the contract's variant.

import { cut } from "./text.js";

/** Any of the contract's errors. `tag` is the variant's case. */
export class SkillError extends Error {
  constructor(tag, message) {
    super(message);
    this.name = new.target.name;
    this.tag = tag;
  }
}

/** No grant covers this. The message names the capability, and what would grant it. */
export class Denied extends SkillError {
  constructor(message) {
    super("denied", message);
  }
}

/** The caller's arguments or input are wrong. */
export class Invalid extends SkillError {
  constructor(message) {
    super("invalid", message);
  }
}

/** A limit or a budget is used up. */
export class Exhausted extends SkillError {
  constructor(message) {
    super("exhausted", message);
  }
}

/** The run was cancelled. */
export class Cancelled extends SkillError {
  constructor() {
    super("cancelled", "the run was cancelled");
  }
}

/** More than is handed over at once, in bytes: ask for less, or for a part. */
export class TooLarge extends SkillError {
  constructor(size) {
    super("too-large", `${size} bytes are more than is handed over at once`);
    this.size = size;
  }
}

/** Anything else. */
export class Failed extends SkillError {
  constructor(message) {
    super("failed", message);
  }
}

/** A file that can't be used for a reason other than a grant. `code` is one of `wasi:filesystem`. */
export class FileError extends Failed {
  constructor(path, code) {
    super(`${shown(path)} ${FILE_CODES[code] ?? `can't be used: ${code}`}`);
    this.path = path;
    this.code = code;
  }
}

const FILE_CODES = {
  "no-entry": "does not exist",
  "is-directory": "is a directory",
  "not-directory": "is not a directory",
  quota: "is too much: no space is left for this agent",
  "insufficient-space": "is too much: no space is left for this agent",
};

/** Characters of a path in an error. It may be a caller's, of any length. */
const MAX_SHOWN = 200;

/** A path as errors show it. */
export function shown(path) {
  if (path === "") return ".";
  return path.length > MAX_SHOWN ? `${cut(path, MAX_SHOWN)}…` : path;
}

/** What `wasi:filesystem` says where no grant covers a path. */
const DENIED_CODES = ["access", "not-permitted", "read-only"];

/** The error of a file operation; `capability` is `read` or `write`. */
export function fileError(path, code, capability) {
  if (!DENIED_CODES.includes(code)) return new FileError(path, code);
  return new Denied(`${capability} of ${shown(path)}: no grant of \`${capability}\` covers it`);
}

const CLASSES = { denied: Denied, invalid: Invalid, exhausted: Exhausted, "too-large": TooLarge, failed: Failed };

/** The contract's variant as an error. */
export function fromVariant({ tag, val }) {
  if (tag === "cancelled") return new Cancelled();
  const known = CLASSES[tag];
  return known === undefined ? new Failed(`${tag}: ${val}`) : new known(tag === "too-large" ? Number(val) : val);
}

/** An error as the contract's variant; whatever else was thrown has failed. */
export function toVariant(error) {
  if (!(error instanceof SkillError)) return { tag: "failed", val: describe(error) };
  if (error.tag === "cancelled") return { tag: "cancelled" };
  return { tag: error.tag, val: error.tag === "too-large" ? error.size : error.message };
}

/** One line for an error that nobody expected, with the place that it comes from: the author's own, where one is on the stack. */
export function describe(error) {
  if (!(error instanceof Error)) return `${error} was thrown, which is no Error`;
  const places = [...(error.stack ?? "").matchAll(/([\w.-]+\.[jt]s):(\d+)/g)];
  const place = places.map(sourceOf).find((source) => source !== undefined) ?? places[0]?.[0];
  return `${error.name}: ${error.message}${place === undefined ? "" : ` at ${place}`}`;
}

/** An error's stack, with the author's lines in place of those of the bundle. */
export function stackOf(error) {
  return (error?.stack ?? "").replace(/(?:[\w.-]*\/)*([\w.-]+\.[jt]s):(\d+)(?::\d+)?/g, (whole, file, line) => sourceOf([, file, line]) ?? whole);
}

/** The author's line that is this one of the bundle; the build has put a table of them at its end (`bin/lines.js`). */
function sourceOf([, file, line]) {
  if (file !== "skill.js") return undefined;
  const run = (globalThis.SKILLHOST_LINES ?? []).find(([first, count]) => line >= first && line < first + count);
  return run && `${run[2]}:${run[3] + (line - run[0])}`;
}
