// Tools over the worktree for a conversation: to look around, and to change files.

import { Invalid } from "./errors.js";
import { integer, object, optional, string } from "./schema.js";
import { cut } from "./text.js";

const MAX_PATHS = 200;
const MAX_MATCHES = 60;
const MAX_LINES = 400;
const MAX_LINE = 300;
/** A larger file is not searched. */
const MAX_SEARCHED_BYTES = 1 << 20;

/** `list`, `search` and `read`. */
export function readingTools({ files }) {
  return [
    {
      name: "list",
      description: "Lists files by their paths.",
      parameters: object({ glob: optional(string("such as src/**/*.js; all where it is left out")) }),
      run: ({ glob }) => capped(files.walk({ glob }), MAX_PATHS, "files"),
    },
    {
      name: "search",
      description: "Lists lines that match a regular expression, as path:line:text.",
      parameters: object({ regex: string(), glob: optional(string("files to look in")) }),
      run: ({ regex, glob }) => capped(search(files, expression(regex), glob), MAX_MATCHES, "matches"),
    },
    {
      name: "read",
      description: `Shows lines of a file with their numbers, ${MAX_LINES} at most.`,
      parameters: object({ path: string(), from: optional(integer("the first line, from 1")), lines: optional(integer()) }),
      run({ path, from = 1, lines = MAX_LINES }) {
        const all = files.readText(path).split("\n");
        const start = Math.max(1, from);
        const shown = all.slice(start - 1, start - 1 + Math.min(Math.max(1, lines), MAX_LINES));
        const body = shown.map((line, index) => `${start + index}|${line}`).join("\n");
        return `${path}: lines ${start}–${start - 1 + shown.length} of ${all.length}\n${body}`;
      },
    },
  ];
}

/** `write` and `edit`. */
export function editingTools({ files }) {
  return [
    {
      name: "write",
      description: "Writes a whole file.",
      parameters: object({ path: string(), text: string() }),
      changes: true,
      run({ path, text }) {
        files.writeText(path, text);
        return `wrote ${path}`;
      },
    },
    {
      name: "edit",
      description: "Replaces a text in a file that is there exactly once.",
      parameters: object({ path: string(), before: string("exactly as it stands there"), after: string() }),
      changes: true,
      run: ({ path, before, after }) => files.editText(path, before, after),
    },
  ];
}

function expression(source) {
  try {
    return new RegExp(source, "u");
  } catch (error) {
    throw new Invalid(error.message);
  }
}

function* search(files, regex, glob) {
  for (const path of files.walk({ glob })) {
    let text;
    try {
      if (files.size(path) > MAX_SEARCHED_BYTES) continue;
      text = files.readText(path);
    } catch {
      // What can't be read, or is no text, has no lines to show.
      continue;
    }
    for (const [index, line] of text.split("\n").entries()) {
      if (regex.test(line)) yield `${path}:${index + 1}:${line.length > MAX_LINE ? `${cut(line, MAX_LINE)}…` : line}`;
    }
  }
}

function capped(lines, most, what) {
  const shown = [];
  let more = 0;
  for (const line of lines) {
    if (shown.length < most) shown.push(line);
    else more += 1;
  }
  if (shown.length === 0) return `no ${what}`;
  return shown.join("\n") + (more > 0 ? `\n[${more} more ${what}]` : "");
}
