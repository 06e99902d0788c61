import assert from "node:assert/strict";
import { test } from "node:test";
import { mockBrief, mockHost } from "skillhost-sdk/mock";
import { review } from "../src/skill.js";

const finding = { severity: "major", category: "edge-cases", quote: "hello", message: "It greets nobody." };

test("reports findings with their places, on the change and on a spec", () => {
  const report = JSON.stringify({
    findings: [{ ...finding, path: "a.txt", line: 1 }],
    verdicts: [{ finding: "F1", closed: true, reason: "It is mended." }],
  });
  const host = mockHost({ files: { "a.txt": "" }, replies: [report, report] });
  host.files.writeText("a.txt", "hello\n");
  const found = review.with(host)(mockBrief("Greet"), { tag: "change" });
  assert.deepEqual(found.findings, [{ id: "", ...finding, at: { path: "a.txt", line: 1 } }]);
  assert.equal(found.verdicts.length, 1);
  assert.match(JSON.stringify(host.requests[0].messages), /\+hello/);
  review.with(host)(mockBrief("Greet"), { tag: "spec", val: { path: "s.md", text: "# Greeting" } });
  assert.match(JSON.stringify(host.requests[1].messages), /in s\.md\\n\\n# Greeting/);
});
