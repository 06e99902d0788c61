import assert from "node:assert/strict";
import { test } from "node:test";
import { Denied, Invalid, TooLarge } from "skillhost-sdk";
import { mockHost } from "skillhost-sdk/mock";

test("a walk is in the order of bytes, without .git, and by glob", () => {
  const files = { "b.txt": "", "a/x.js": "", "a.js": "", "a/.git/config": "", "\u{1f980}.js": "", "\uff5e.js": "" };
  const host = mockHost({ files });
  assert.deepEqual(host.files.walk(), ["a.js", "a/x.js", "b.txt", "\uff5e.js", "\u{1f980}.js"]);
  assert.deepEqual(host.files.walk({ glob: "**/*.js", root: "a" }), ["a/x.js"]);
  assert.throws(() => host.files.walk({ root: "nowhere" }), { code: "no-entry", message: "nowhere does not exist" });
});

test("what is no text, too large, missing or denied has an error of its own", () => {
  const files = { latin: new Uint8Array([0xfc]), large: new Uint8Array((8 << 20) + 1), secret: "x", open: "\ufeffü" };
  const host = mockHost({ files, read: ["latin", "large", "open", "none"], write: [] });
  assert.throws(() => host.files.readText("latin"), (error) => error instanceof Invalid && error.message === "latin is not UTF-8 text");
  assert.throws(() => host.files.readText("large"), (error) => error instanceof TooLarge && error.size === (8 << 20) + 1);
  assert.throws(() => host.files.readText("none"), { code: "no-entry", tag: "failed" });
  assert.throws(() => host.files.readText("secret"), (error) => error instanceof Denied && error.message.startsWith("read of secret"));
  assert.throws(() => host.files.writeText("open", "y"), Denied);
  assert.equal(host.files.readText("./open"), "\ufeffü");
  assert.equal(host.files.readText("/repo/open"), "\ufeffü");
  assert.deepEqual([host.files.exists("none"), host.files.exists("open")], [false, true]);
});

test("a long path is cut where an error names it", () => {
  const long = "a".repeat(1_000_000);
  const files = { [long]: new Uint8Array([0xfc]), [`b${long}`]: "" };
  const host = mockHost({ files, read: ["a*", "none*"], write: [] });
  for (const act of [
    () => host.files.read(`none${long}`),
    () => host.files.readText(long),
    () => host.files.read(`b${long}`),
    () => host.files.write(long, new Uint8Array()),
    () => host.files.editText(long, "", ""),
    () => host.changes.original(`none${long}`),
  ]) {
    assert.throws(act, (error) => error.message.length < 300 && /aaa…/.test(error.message));
  }
});

test("an edit replaces what is there once, and shows its diff", () => {
  const host = mockHost({ files: { a: "one\ntwo\ntwo\n" } });
  assert.equal(host.files.editText("a", "one", "three"), "--- a/a\n+++ b/a\n@@ -1,3 +1,3 @@\n-one\n+three\n two\n two\n");
  assert.throws(() => host.files.editText("a", "two", ""), (error) => error instanceof Invalid && error.message.includes("2 times"));
  assert.throws(() => host.files.editText("a", "four", ""), /not there/);
  host.files.editText("a", "two", "$&", { all: true });
  assert.equal(host.text("a"), "three\n$&\n$&\n");
});

test("files are renamed and removed", () => {
  const host = mockHost({ files: { a: "1", b: "2" } });
  host.files.rename("a", "c/d");
  host.files.remove("b");
  assert.deepEqual(host.changes.entries(), [
    { path: "a", kind: "deleted" },
    { path: "b", kind: "deleted" },
    { path: "c/d", kind: "added" },
  ]);
  assert.throws(() => host.files.remove("b"), { code: "no-entry" });
});
