import assert from "node:assert/strict";
import { test } from "node:test";
import { Denied } from "skillhost-sdk";
import { mockHost } from "skillhost-sdk/mock";
import { tool } from "../src/skill.js";

test("lists what is marked, and writes a report", () => {
  const host = mockHost({
    files: {
      "src/a.rs": "fn a() {}\n// TODO(me): fix this  \n// TODOS are none\n",
      "src/ü.sql": "-- TODO: say ünï 🦀\r\n-- nothing\n# TODO later",
      bin: new Uint8Array([0xff, ...new TextEncoder().encode("TODO no")]),
      nul: "\0TODO no",
      ".git/x": "TODO no",
      "TODO.md": "# TODO report\n",
    },
  });
  const todos = [
    { file: "src/a.rs", line: 2, text: "fix this" },
    { file: "src/ü.sql", line: 1, text: "say ünï 🦀" },
    { file: "src/ü.sql", line: 3, text: "later" },
  ];
  assert.deepEqual(tool.with(host)("report", {}), { todos });
  assert.equal(
    host.text("TODO.md"),
    "# TODO report\n\n3 in 2 files.\n\n- `src/a.rs:2` fix this\n- `src/ü.sql:1` say ünï 🦀\n- `src/ü.sql:3` later\n",
  );
});

test("looks where it is told", () => {
  const host = mockHost({ files: { "a.js": "// TODO", "b/c.js": "// TODO: c" } });
  assert.deepEqual(tool.with(host)("report", { path: "docs/list.md", pattern: "b/**" }).todos, [{ file: "b/c.js", line: 1, text: "c" }]);
  assert.match(host.text("docs/list.md") ?? "", /1 in 1 files/);
});

test("has a report of nothing, leaves out what it may not read, and is denied what it may not write", () => {
  const host = mockHost({ files: { "a.js": "// TODO" }, read: ["docs/**"] });
  tool.with(host)("report", {});
  assert.equal(host.text("TODO.md"), "# TODO report\n\n0 in 0 files.\n\nNone.\n");
  assert.match(host.logs[0][1], /a\.js is left out: read of a\.js/);
  assert.throws(() => tool.with(mockHost({ write: [] }))("report", {}), Denied);
});
