import assert from "node:assert/strict";
import { test } from "node:test";
import { calls, mockBrief, mockHost } from "skillhost-sdk/mock";
import { implement } from "../src/skill.js";

const summary = { title: "Greet everybody", what: "A file greets.", why: "Nobody was greeted.", breaking: [], rollback: "Revert.", unfinished: [], answers: [] };

test("changes files, runs the tests, and says what it did", () => {
  const host = mockHost({
    files: { "greeting.txt": "hi\n" },
    commands: { test: { output: "1 passed" } },
    replies: [
      calls(["finish", summary]),
      calls(["edit", { path: "greeting.txt", before: "hi", after: "hello" }]),
      calls(["run", { name: "test" }]),
      calls(["finish", summary]),
    ],
  });
  assert.deepEqual(implement.with(host)(mockBrief("Greet everybody")), summary);
  assert.equal(host.text("greeting.txt"), "hello\n");
  assert.match(JSON.stringify(host.requests[3].messages), /nothing was changed yet.*1 passed/);
});
