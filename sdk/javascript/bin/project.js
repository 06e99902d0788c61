// The project in the current directory: its own build tools, found where npm put them.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** Something that the author can mend. */
export class BuildError extends Error {
  name = "BuildError";
}

/** A package of the project's; `pinned` is what npm installs where it is missing. */
export async function load(name, pinned) {
  const folder = ancestors(resolve(".")).map((above) => join(above, "node_modules", name)).find(existsSync);
  if (folder === undefined) {
    const command = pinned === undefined ? "npm install" : `npm install --save-dev --save-exact ${pinned}`;
    throw new BuildError(`${name} is missing; to install it: ${command}`);
  }
  // Node resolves a package for the file that imports it, and that is the SDK's.
  const { exports, main = "index.js" } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return import(pathToFileURL(join(folder, entryOf(exports?.["."] ?? exports) ?? main)).href);
}

const ancestors = (folder) => (dirname(folder) === folder ? [folder] : [folder, ...ancestors(dirname(folder))]);

function entryOf(exports) {
  return typeof exports === "object" ? entryOf(exports.import ?? exports.default) : exports;
}

/** One file of `entry` and all that it imports. */
export async function bundle(entry, outfile, options) {
  const { build } = await load("esbuild");
  try {
    await build({ entryPoints: [entry], outfile, bundle: true, format: "esm", target: "es2022", logLevel: "error", ...options });
  } catch (error) {
    // It has said where, on stderr.
    if (error.errors !== undefined) throw new BuildError(`${entry} can't be bundled`);
    throw error;
  }
}
