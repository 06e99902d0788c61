import assert from "node:assert/strict";
import { test } from "node:test";
import { mockBrief, mockHost } from "skillhost-sdk/mock";
import { verify } from "../src/skill.js";

test("a criterion is what the gate of its command shows", () => {
  const gate = (name: string, exitCode: number) => ({ evidence: `ev-${name}`, name, exitCode, output: "" });
  const criterion = (id: string, command?: string) => ({ id, statement: "It holds", command });
  const brief = mockBrief("goal", {
    criteria: [criterion("C1", "test"), criterion("C2", "lint"), criterion("C3", "other"), criterion("C4")],
    gates: [gate("test", 0), gate("lint", 1)],
  });
  assert.deepEqual(verify.with(mockHost())(brief), [
    { id: "C1", outcome: "passed", evidence: ["ev-test"], detail: "" },
    { id: "C2", outcome: "failed", evidence: ["ev-lint"], detail: "lint failed" },
    { id: "C3", outcome: "not-run", evidence: [], detail: "other is no gate" },
    { id: "C4", outcome: "failed", evidence: ["ev-test", "ev-lint"], detail: "lint failed" },
  ]);
});
