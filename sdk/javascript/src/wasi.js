// Files under /repo, through wasi:filesystem. Errors are thrown with the interface's code as `payload`.

import * as preopens from "wasi:filesystem/preopens@0.2.0";

/** Bytes that one call moves. */
const PART_BYTES = 1 << 20;
const FOLLOW = { symlinkFollow: true };
const dispose = Symbol.dispose ?? Symbol.for("dispose");
const u64 = typeof SKILLHOST_U64_IS_BIGINT !== "undefined" && SKILLHOST_U64_IS_BIGINT ? BigInt : (value) => value;

let root;

/** The worktree. It is asked for in a call, since what the build keeps can't hold it. */
function repo() {
  root ??= preopens.getDirectories().find(([, path]) => path === "/repo")?.[0];
  return root;
}

function using(descriptor, work) {
  try {
    return work(descriptor);
  } finally {
    descriptor[dispose]?.();
  }
}

const open = (path, how, rights) => repo().openAt(FOLLOW, path || ".", how, rights);

export function list(path) {
  return using(open(path, { directory: true }, { read: true }), (directory) =>
    using(directory.readDirectory(), (entries) => {
      const found = [];
      for (let entry; (entry = entries.readDirectoryEntry()) != null; ) found.push({ name: entry.name, type: entry.type });
      return found;
    }),
  );
}

export function stat(path) {
  const { type, size } = repo().statAt({}, path || ".");
  return { type, size: Number(size) };
}

export function read(path) {
  return using(open(path, {}, { read: true }), (file) => {
    const parts = [];
    let length = 0;
    for (let end = false; !end; ) {
      let part;
      [part, end] = file.read(u64(PART_BYTES), u64(length));
      parts.push(part);
      length += part.length;
    }
    if (parts.length === 1) return parts[0];
    const whole = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  });
}

export function write(path, bytes) {
  using(open(path, { create: true, truncate: true }, { write: true }), (file) => {
    for (let at = 0; at < bytes.length; ) {
      at += Number(file.write(bytes.subarray(at, at + PART_BYTES), u64(at)));
    }
  });
}

export const createDirectory = (path) => repo().createDirectoryAt(path);
export const rename = (from, to) => repo().renameAt(from, repo(), to);
export const remove = (path) => repo().unlinkFileAt(path);
