// Which lines of the bundle are the author's, for the places that errors name: a small part of esbuild's source map, put at the
// end of the bundle, since an engine reads no maps.

import { appendFileSync, readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { dirname, join, relative, resolve } from "node:path";

/** Adds the table to a bundle that has its map beside it; sources in the folder `without` are left out. */
export function appendLines(bundle, without) {
  appendFileSync(bundle, `globalThis.SKILLHOST_LINES = ${JSON.stringify(linesOf(bundle, without))};\n`);
}

/** Runs of lines that follow each other on both sides: the first one in the bundle, how many, their source, the first one there. */
function linesOf(bundle, without) {
  const map = new SourceMap(JSON.parse(readFileSync(`${bundle}.map`, "utf8")));
  const runs = [];
  for (const [index, line] of readFileSync(bundle, "utf8").split("\n").entries()) {
    const { generatedLine, originalSource, originalLine } = map.findEntry(index, line.search(/\S|$/));
    // An entry of a line above says nothing about this one.
    if (generatedLine !== index || originalSource === undefined) continue;
    const source = resolve(join(dirname(bundle), originalSource));
    if (!relative(without, source).startsWith("..")) continue;
    const shown = relative(".", source);
    const [first, count, before, start] = runs.at(-1) ?? [];
    if (before === shown && first + count === index + 1 && start + count === originalLine + 1) runs.at(-1)[1] += 1;
    else runs.push([index + 1, 1, shown, originalLine + 1]);
  }
  return runs;
}
