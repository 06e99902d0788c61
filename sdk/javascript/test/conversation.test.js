import assert from "node:assert/strict";
import { test } from "node:test";
import { askFor, converse, Denied, done, editingTools, Exhausted, readingTools, schema } from "skillhost-sdk";
import { calls, mockHost } from "skillhost-sdk/mock";

const finish = { name: "finish", description: "Ends.", parameters: schema.object({ title: schema.string() }), run: ({ title }) => done(title) };
const look = { name: "look", description: "Looks.", parameters: schema.object({ at: schema.optional(schema.string()) }), run: ({ at }) => `at ${at}` };

/** What the model was told of a call, in the last request. */
const results = (host) => host.requests.at(-1).messages.flatMap(({ parts }) => parts).filter(({ tag }) => tag === "tool-result").map(({ val }) => val);

test("tools run in turns until one ends it", () => {
  const host = mockHost({
    files: { "src/a.js": "let a = 1;\n" },
    replies: [
      calls(["list", {}], ["search", { regex: "let (" }]),
      calls(["search", { regex: "^let", glob: "src/**" }], ["read", { path: "src/a.js", from: null }]),
      calls(["edit", { path: "src/a.js", before: "1", after: "2" }]),
      calls(["finish", { title: "Two" }]),
    ],
  });
  const tools = [...readingTools(host), ...editingTools(host), finish];
  assert.equal(converse(host, { system: "s", prompt: "p", tools, mustFinish: true }), "Two");
  assert.equal(host.text("src/a.js"), "let a = 2;\n");
  const told = results(host);
  assert.deepEqual(told.map(({ failed }) => failed), [false, true, false, false, false]);
  assert.equal(told[2].content, "src/a.js:1:let a = 1;");
  assert.equal(told[3].content, "src/a.js: lines 1–2 of 2\n1|let a = 1;\n2|");
  assert.match(told[4].content, /^-let a = 1;\n\+let a = 2;$/m);
  assert.equal(host.requests[0].tools.length, 6);
});

test("a reply without a call ends it, or is reminded", () => {
  assert.equal(converse(mockHost({ replies: ["so"] }), { prompt: "p" }), "so");
  const host = mockHost({ replies: ["a", "b", "c"] });
  assert.throws(() => converse(host, { prompt: "p", tools: [finish], mustFinish: true }), /3 times without calling a tool/);
  assert.match(JSON.stringify(host.requests.at(-1)), /Call one of the tools: finish/);
});

test("a call that repeats is not run, and then ends it", () => {
  const host = mockHost({ replies: Array(9).fill(calls(["look", {}])) });
  assert.throws(() => converse(host, { prompt: "p", tools: [look] }), /called look 5 times with the same arguments/);
  assert.deepEqual(results(host).map(({ failed }) => failed), [false, false, true, true]);
});

test("errors of tools are told, but for the end of a budget", () => {
  const tool = (error) => ({ ...look, run() { throw error; } });
  const host = mockHost({ replies: [calls(["look", {}], ["nothing", {}], ["look", "{\"at\":"]), "so"] });
  assert.equal(converse(host, { prompt: "p", tools: [tool(new Denied("no grant"))] }), "so");
  const told = results(host).map(({ content }) => content);
  assert.equal(told[0], "denied: no grant");
  assert.equal(told[1], "there is no tool nothing");
  assert.match(told[2], /^invalid: the arguments are no JSON, so nothing was done/);
  const again = () => mockHost({ replies: [calls(["look", {}])] });
  assert.throws(() => converse(again(), { prompt: "p", tools: [tool(new Exhausted("the budget"))] }), Exhausted);
  assert.throws(() => converse(again(), { prompt: "p", tools: [tool(new TypeError("a bug"))] }), TypeError);
});

test("turns and budget end", () => {
  const many = (count) => Array.from({ length: count }, (_, index) => calls(["look", { at: `${index}` }]));
  assert.throws(() => converse(mockHost({ replies: many(8) }), { prompt: "p", tools: [look], turns: 8 }), { tag: "exhausted", message: "8 turns" });
  const host = mockHost({ replies: many(9), budget: { tokens: 5_000 } });
  assert.throws(() => converse(host, { prompt: "p", tools: [look] }), /the budget ends/);
  assert.equal(host.requests.length, 4);
  assert.match(JSON.stringify(host.requests.at(-1)), /finish with this reply/);
});

test("old results are dropped where the window fills", () => {
  const replies = [...Array.from({ length: 14 }, (_, index) => calls(["look", { at: `${index}` }])), "so"];
  const host = mockHost({ replies, window: 1_500 });
  assert.equal(converse(host, { prompt: "p", tools: [look] }), "so");
  const told = results(host).map(({ content }) => content);
  assert.deepEqual(told.slice(0, 5), [..."0123"].map(() => "[dropped: 4 characters]").concat("at 4"));
});

test("an answer that doesn't fit is sent back once", () => {
  const wanted = schema.object({ n: schema.integer() });
  const good = mockHost({ replies: ["none", "```json\n{\"n\": 3}\n```"] });
  assert.deepEqual(askFor(good, wanted, { prompt: "p" }), { n: 3 });
  assert.match(JSON.stringify(good.requests[1].messages), /That does not fit: it is no JSON/);
  assert.throws(() => askFor(mockHost({ replies: ["{}", "{}"] }), wanted, { prompt: "p" }), /`n` is missing/);
});
