import assert from "node:assert/strict";
import { test } from "node:test";
import { calls, mockBrief, mockHost } from "skillhost-sdk/mock";
import { spec } from "../src/skill.js";

const plan = {
  steps: [{ id: "1", title: "Greet", instructions: "Write it.", files: ["src/**"], after: [], criteria: ["C1"] }],
  criteria: [{ id: "C1", statement: "The greeting says hello", command: "test" }],
  assumptions: [],
  answers: [],
};

test("looks around, writes the document, and plans", () => {
  const document = "# Greeting\n\n## Problem\n\nNobody is greeted.";
  const host = mockHost({ files: { "a.txt": "hello" }, commands: { test: {} }, replies: [calls(["list", {}]), document, JSON.stringify(plan)] });
  const brief = mockBrief("Greet everybody", { spec: { path: "specs/greet.md", text: "# Greeting\n\n## Problem\n" } });
  assert.deepEqual(spec.with(host)(brief), { document: { path: "specs/greet.md", text: `${document}\n` }, ...plan });
  assert.match(JSON.stringify(host.requests[2]), /Declared commands: test/);
});
