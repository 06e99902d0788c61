import assert from "node:assert/strict";
import { test } from "node:test";
import { mockHost } from "skillhost-sdk/mock";
import { tool } from "../src/skill.js";

test("counts lines, and none of what is no text", () => {
  const host = mockHost({ files: { "a.txt": "one\ntwo\n", "b.txt": "one\ntwo", "c.bin": new Uint8Array([0xff]) } });
  const count = (path: string) => tool.with(host)("count-lines", { path });
  assert.deepEqual(count("a.txt"), { lines: 2 });
  assert.deepEqual(count("b.txt"), { lines: 2 });
  assert.throws(() => count("c.bin"), /c\.bin/);
});
