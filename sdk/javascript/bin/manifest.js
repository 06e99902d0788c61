// The `[[tool]]` entries of skill.toml, written from the code that they describe.

import { BuildError } from "./project.js";

const MARK = "# Written by the build from";

/** Lines such as the build writes: no comment is among them, and no string of several lines. */
const WRITTEN = /^(?:\s*|\[\[tool\]\]\s*|(?:name|description|parameters|returns|read_only)\s*=(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^"'#])*)$/;

/** `manifest` with these tools at its end, in place of those that were written there before. */
export function withTools(manifest, tools, entry) {
  const lines = manifest.split("\n");
  const mark = lines.findIndex((line) => line.startsWith(MARK));
  const own = (mark < 0 ? lines : lines.slice(0, mark)).join("\n");
  // Entries that the author wrote are the author's.
  if (/^\s*\[\[tool\]\]/m.test(own)) return manifest;
  // Whatever else the author wrote below the mark would be lost.
  const lost = lines.findIndex((line, index) => mark >= 0 && index > mark && !WRITTEN.test(line));
  if (lost >= 0) throw new BuildError(`skill.toml:${lost + 1}: what stands below the line that the build wrote goes above it`);
  const entries = tools.map((tool) =>
    ["[[tool]]", ...Object.entries(tool).map(([key, value]) => `${key} = ${toml(value)}`), ""].join("\n"),
  );
  return `${own.trimEnd()}\n\n${MARK} ${entry}: change them there.\n${entries.join("")}`;
}

/** A value of JSON as a value of TOML. */
function toml(value) {
  if (Array.isArray(value)) return `[${value.map(toml).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    const fields = Object.entries(value).map(([key, inner]) => `${/^[\w-]+$/.test(key) ? key : quoted(key)} = ${toml(inner)}`);
    return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
  }
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new Error(`TOML has no ${value}`);
}

/** JSON's escapes are TOML's, but for DEL, which JSON leaves as it is. */
const quoted = (text) => JSON.stringify(text).replace(/\x7f/g, "\\u007f");
