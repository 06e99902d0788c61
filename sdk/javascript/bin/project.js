// The project in the current directory: its own build tools, found where npm put them.

import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** Something that the author can mend. */
export class BuildError extends Error {
  name = "BuildError";
}

/** A package of the project's; `pinned` is what npm installs where it is missing. */
export async function load(name, pinned) {
  let file;
  try {
    file = createRequire(resolve("package.json")).resolve(name);
  } catch (error) {
    if (!["MODULE_NOT_FOUND", "ERR_PACKAGE_PATH_NOT_EXPORTED"].includes(error.code)) throw error;
    file = undefined;
  }
  if (file === undefined) {
    const command = pinned === undefined ? "npm install" : `npm install --save-dev --save-exact ${pinned}`;
    throw new BuildError(`${name} is missing; to install it: ${command}`);
  }
  return import(pathToFileURL(file).href);
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
