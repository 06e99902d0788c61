// Unit tests in plain Node: bundled first, so that they can be written in TypeScript.

import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { BuildError, bundle } from "./project.js";

export async function test() {
  const names = readdirSync("test", { recursive: true }).filter((name) => /\.test\.[jt]s$/.test(name)).sort();
  if (names.length === 0) throw new BuildError("there is no test/*.test.js or test/*.test.ts");
  rmSync("build/test", { recursive: true, force: true });
  const files = [];
  for (const name of names) {
    const file = join("build/test", name.replace(/\.[jt]s$/, ".mjs"));
    await bundle(join("test", name), file, { platform: "node", sourcemap: "inline" });
    files.push(file);
  }
  return spawnSync(process.execPath, ["--enable-source-maps", "--test", ...files], { stdio: "inherit" }).status ?? 1;
}
