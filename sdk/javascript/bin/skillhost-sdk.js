#!/usr/bin/env node
// `skillhost-sdk build` makes build/component.wasm of src/skill.js or src/skill.ts, and `skillhost-sdk test` runs the unit
// tests of test/, where they are written in TypeScript as well.

import { build } from "./build.js";
import { test } from "./test.js";

const USAGE = `usage: skillhost-sdk build [--engine quickjs|starlingmonkey]
       skillhost-sdk test`;

async function main([command, ...options]) {
  if (command === "test" && options.length === 0) return test();
  if (command === "build" && options.length === 0) return build("quickjs");
  if (command === "build" && options.length === 2 && options[0] === "--engine" && ["quickjs", "starlingmonkey"].includes(options[1])) {
    return build(options[1]);
  }
  console.error(USAGE);
  return 2;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // What the author can mend has a sentence; anything else is a bug, and its stack helps.
  console.error(error.name === "BuildError" ? `error: ${error.message}` : error);
  process.exitCode = 1;
}
