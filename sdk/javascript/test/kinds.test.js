import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import {
  Cancelled,
  defineImplement,
  defineReview,
  defineTools,
  Denied,
  Failed,
  FileError,
  Invalid,
  readingTools,
  schema,
  TooLarge,
} from "skillhost-sdk";
import { mockBrief, mockHost } from "skillhost-sdk/mock";
import { fromVariant, toVariant } from "../src/errors.js";

const double = defineTools({
  double: {
    description: "Doubles.",
    parameters: schema.object({ n: schema.integer("what to double"), how: schema.optional(schema.choice(["fast", "slow"])) }),
    returns: schema.object({ n: schema.integer() }),
    readOnly: true,
    run: ({ n, how }) => (how === "slow" ? { m: n } : { n: 2 * n }),
  },
});

test("tools are called with what fits, and say what doesn't", () => {
  const call = double.with(mockHost());
  assert.deepEqual(call("double", { n: 4 }), { n: 8 });
  assert.throws(() => call("double", { n: "4" }), { tag: "invalid", message: "double: `n` must be a whole number" });
  assert.throws(() => call("double", {}), /`n` is missing; the fields are n, how/);
  assert.throws(() => call("double", { n: 1, x: 1 }), /no field `x`/);
  assert.throws(() => call("double", { n: 1, how: "x" }), /one of fast, slow/);
  assert.throws(() => call("double", { n: 1, how: "slow" }), (error) => error instanceof Failed && /does not fit its schema/.test(error.message));
  assert.throws(() => call("halve", { n: 1 }), Invalid);
});

test("the manifest's entry is made of the tool", () => {
  assert.deepEqual(double.tools, [
    {
      name: "double",
      description: "Doubles.",
      parameters: {
        type: "object",
        properties: { n: { type: "integer", description: "what to double" }, how: { type: "string", enum: ["fast", "slow"] } },
        required: ["n"],
        additionalProperties: false,
      },
      returns: { type: "object", properties: { n: { type: "integer" } }, required: ["n"], additionalProperties: false },
      read_only: true,
    },
  ]);
});

test("what the host fills in can be left out, and a promise is refused", () => {
  const review = defineReview(() => ({ findings: [{ severity: "nit", category: "tests", message: "m" }] }));
  assert.deepEqual(review.with(mockHost())(mockBrief("goal"), { tag: "change" }), {
    findings: [{ id: "", severity: "nit", category: "tests", message: "m" }],
    verdicts: [],
  });
  const late = defineImplement(async () => ({}));
  assert.throws(() => late.with(mockHost())(mockBrief("goal")), /synchronous/);
});

test("the README's skill works", async () => {
  const [, code] = /```js\n([\s\S]*?)```/.exec(readFileSync(new URL("../README.md", import.meta.url), "utf8"));
  const file = new URL("../build/readme.mjs", import.meta.url);
  mkdirSync(new URL(".", file), { recursive: true });
  writeFileSync(file, code);
  const { tool } = await import(file.href);
  assert.deepEqual(tool.with(mockHost({ files: { a: "1\n2\n3" } }))("count", { path: "a" }), { lines: 3 });
});

test("errors go over the border and back", () => {
  for (const variant of [{ tag: "denied", val: "no" }, { tag: "too-large", val: 7 }, { tag: "cancelled" }]) {
    assert.deepEqual(toVariant(fromVariant(variant)), variant);
  }
  assert(fromVariant({ tag: "denied", val: "no" }) instanceof Denied);
  assert.match(toVariant(new TypeError("x is undefined")).val, /^TypeError: x is undefined at kinds\.test\.js:\d+$/);
  assert.equal(toVariant("text").val, "text was thrown, which is no Error");
});

test("no half of a character leaves with an error or into the log", () => {
  const fails = (error) => {
    const given = defineTools({ fail: { description: "Fails.", run: () => { throw error; } } });
    try {
      return given.call("fail", "{}");
    } catch (variant) {
      return variant;
    }
  };
  assert.deepEqual(fails(new Invalid("a\udc00b\ud83d")), { tag: "invalid", val: "a\ufffdb\ufffd" });
  assert.deepEqual(fails(new Invalid("\u{1f980}")), { tag: "invalid", val: "\u{1f980}" });
  assert.equal(fails(new TooLarge(7)).val, 7);
  assert.deepEqual(fails(new Cancelled()), { tag: "cancelled" });
  const host = mockHost();
  host.log.error("a\ud83d");
  host.progress("\udc00", 0.5);
  assert.deepEqual(host.logs, [["error", "a\ufffd"]]);
  assert.throws(() => host.log.error(7), TypeError);
  // A path is cut where errors show it, and so is a line that a search finds.
  const long = (length) => "x".repeat(length) + "\u{1f980}".repeat(400);
  for (const length of [0, 1]) {
    const shown = new FileError(long(length), "no-entry").message;
    assert.ok(!/\p{Surrogate}/u.test(shown) && shown.endsWith("\u{1f980}… does not exist"), shown);
    const search = readingTools(mockHost({ files: { a: long(length) } })).find(({ name }) => name === "search");
    const found = search.run({ regex: "." });
    assert.ok(!/\p{Surrogate}/u.test(found) && found.includes("\u{1f980}…"), found);
  }
});

test("outside of a component there is no host, and the error says what to do", () => {
  const reads = defineTools({ read: { description: "Reads.", run: (given, host) => ({ text: host.files.readText("a") }) } });
  assert.throws(() => reads.call("read", "{}"), (variant) => variant.tag === "failed" && variant.val.includes("skillhost-sdk/mock"));
});

test("a request is sent with what it says, and denied where it was not granted", () => {
  const host = mockHost({
    environment: { TOKEN: "placeholder" },
    requests: { "https://example.com/a": { status: 201, headers: { etag: "x" }, body: "ü" }, "https://example.com/b": { body: new Uint8Array([0xff]) } },
  });
  const headers = { authorization: host.env("TOKEN") };
  const reply = host.request({ method: "post", url: "https://example.com/a", headers, body: "b" });
  assert.deepEqual([reply.status, reply.headers, reply.text()], [201, { etag: "x" }, "ü"]);
  assert.deepEqual(host.sent, [{ method: "POST", url: "https://example.com/a", headers, body: "b" }]);
  assert.throws(() => host.request({ url: "https://example.com/b" }).text(), Failed);
  assert.throws(() => host.request({ url: "https://example.com/c" }), Denied);
});
