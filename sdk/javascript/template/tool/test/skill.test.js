import assert from "node:assert/strict";
import { test } from "node:test";
import { mockHost } from "skillhost-sdk/mock";
import { tool } from "../src/skill.js";

test("finds long lines, and nothing in what is no text", () => {
  const host = mockHost({ files: { "a.txt": "short\nlonger\n", "b.bin": new Uint8Array([0xff]) } });
  assert.deepEqual(tool.with(host)("long-lines", { limit: 5 }), { lines: [{ file: "a.txt", line: 2, length: 6 }] });
  assert.deepEqual(tool.with(host)("long-lines", { glob: "*.md" }), { lines: [] });
});
