import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { diff, glob } from "skillhost-sdk";
import { decodeByHand, encodeByHand } from "../src/text.js";

test("UTF-8 by hand is that of Node", () => {
  for (const text of ["", "plain", "ünï", "\u{1f980}\uffff", "\0\x7f\x80", "x".repeat(20_000) + "ü"]) {
    const bytes = new TextEncoder().encode(text);
    assert.deepEqual(encodeByHand(text), bytes);
    assert.equal(decodeByHand(bytes), text);
  }
  for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
    assert.throws(() => decodeByHand(new Uint8Array(bad)), `${bad}`);
  }
});

test("a diff can be applied, and gives the other text", () => {
  const folder = mkdtempSync(join(tmpdir(), "diff-"));
  try {
    // Small texts of few lines in many shapes: with and without a last line's end, with blocks that moved.
    let seed = 1;
    const random = (below) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let round = 0; round < 60; round += 1) {
      const text = () => Array.from({ length: random(30) }, () => `line ${random(6)}`).join("\n") + (random(2) ? "\n" : "");
      const [before, after] = [text(), text()];
      writeFileSync(join(folder, "text"), before);
      const patch = diff(before, after, { context: random(4) });
      if (before === after) {
        assert.equal(patch, "");
      } else {
        execFileSync("git", ["apply", "--unidiff-zero", "--whitespace=nowarn", "-"], { cwd: folder, input: patch, stdio: ["pipe", "pipe", "inherit"] });
      }
      assert.equal(execFileSync("cat", [join(folder, "text")], { encoding: "utf8" }), after, patch);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("distant changes have hunks of their own", () => {
  const lines = Array.from({ length: 20 }, (_, index) => `${index}\n`);
  const changed = lines.map((line, index) => (index === 1 || index === 18 ? "x\n" : line));
  const hunks = diff(lines.join(""), changed.join(""), { path: "src/a" });
  assert.deepEqual(hunks.match(/^@@.*$/gm), ["@@ -1,5 +1,5 @@", "@@ -16,5 +16,5 @@"]);
});

test("texts without anything in common are replaced, however long", () => {
  const [before, after] = ["a\n".repeat(5_000), "b\n".repeat(5_000)];
  assert.equal(diff(before, after).split("\n").length, 10_004);
});

test("globs", () => {
  const fits = (pattern, ...paths) => paths.map(glob(pattern));
  assert.deepEqual(fits("**", "a", "a/b"), [true, true]);
  assert.deepEqual(fits("src/**", "src/a", "src/a/b", "src", "xsrc/a"), [true, true, false, false]);
  assert.deepEqual(fits("**/*.js", "a.js", "a/b.js", "a/b.jsx", "a.jsx/b"), [true, true, false, false]);
  assert.deepEqual(fits("*.{js,ts}", "a.js", "a.ts", "a.rs", "a/b.js"), [true, true, false, false]);
  assert.deepEqual(fits("[a-c]?[!x]", "a12", "d12", "a1x"), [true, false, false]);
  assert.deepEqual(fits("{{name}}.tmp", "name.tmp"), [true]);
  assert.deepEqual(fits("{a", "{a", "a"), [true, false]);
  assert.deepEqual(fits("a.b+(c)", "a.b+(c)", "axb+(c)"), [true, false]);
});
