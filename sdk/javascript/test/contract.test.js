import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { generate } from "../scripts/contract.js";
import { lift, lowerArguments, lowerResult } from "../src/canonical.js";

const place = (path) => fileURLToPath(new URL(path, import.meta.url));

test("the types are those of the WIT", () => {
  const { js, dts } = generate(place("../../../wit"));
  assert.equal(readFileSync(place("../src/contract.js"), "utf8"), js, "node scripts/contract.js writes it");
  assert.equal(readFileSync(place("../src/contract.d.ts"), "utf8"), dts);
});

test("everything that is exported has a type, and the other way round", async () => {
  for (const file of ["index", "mock", "schema"]) {
    const exported = Object.keys(await import(`../src/${file}.js`)).sort();
    const dts = readFileSync(place(`../src/${file}.d.ts`), "utf8");
    const declared = [...dts.matchAll(/^export (?:(?:function|class) (\w+)|\{ (\w+) \})/gm)].map(([, one, other]) => one ?? other);
    assert.deepEqual(declared.sort(), exported, file);
  }
});

test("a value that the contract doesn't take is named before it ends the component", () => {
  const check = (more) => lowerResult("verify.verify", [{ id: "C1", outcome: "passed", detail: "", ...more }]);
  assert.deepEqual(check({}), [{ id: "C1", outcome: "passed", evidence: [], detail: "" }]);
  assert.throws(() => check({ outcome: "ok" }), /\[0\]\.outcome must be one of passed, failed, not-run, and is "ok"/);
  assert.throws(() => check({ evidence: "ev-1" }), /evidence must be a list/);
  assert.throws(() => check({ id: "\ud800" }), /whole characters/);
  assert.throws(() => check({ notes: "" }), /no field notes; its fields are id, outcome, evidence, detail/);
  assert.throws(() => lowerResult("implement.implement", undefined), /must be an object, and is undefined/);
  assert.throws(() => lowerArguments("exec.output", ["run:1", -1]), TypeError);
  assert.deepEqual(lowerArguments("log.progress", ["half"]), ["half", null]);
  const part = (val) => lowerArguments("model.complete", [{ tier: "cheap", toolChoice: "auto", messages: [{ speaker: "user", parts: [val] }] }]);
  assert.throws(() => part({ tag: "txt", val: "" }), /parts\[0\] must be one of text, tool-call, tool-result, reasoning as its tag/);
});

test("what comes over the border has no null and no bigint", () => {
  const bytes = new Uint8Array([1]);
  assert.deepEqual(lift({ a: null, b: [5n, { c: 2n ** 40n }], d: bytes }), { a: undefined, b: [5, { c: 2 ** 40 }], d: bytes });
});
