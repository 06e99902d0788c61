// The entries that the build writes into skill.toml.

import assert from "node:assert/strict";
import { test } from "node:test";
import { withTools } from "../bin/manifest.js";

const OWN = '[skill]\nname = "a"\nversion = "0.1.0"\nkind = "tool"\n';
const TOOLS = [
  { name: "odd", description: "It's \"odd\" # [[tool]]\n\x7f\\", parameters: { type: "object", "a b": [1, true] }, read_only: true },
  { name: "even", description: "", parameters: {}, returns: { type: "string" }, read_only: false },
];
const written = (manifest, tools = TOOLS) => withTools(manifest, tools, "src/skill.js");

test("the build writes its entries anew", () => {
  const once = written(OWN);
  assert.ok(once.startsWith(`${OWN}\n# Written by the build from src/skill.js: change them there.\n[[tool]]\nname = "odd"\n`), once);
  assert.equal(written(once), once);
  assert.equal(written(once.replaceAll("\n", "\r\n")).replaceAll("\r", ""), once);
  assert.equal(written(written(OWN, [{ name: "old" }])), once);
  const theirs = `${OWN}\n[[tool]] # Mine.\nname = "mine"\n`;
  assert.equal(written(theirs), theirs);
});

test("what the author wrote below the mark is not lost", () => {
  const once = written(OWN);
  const number = once.split("\n").length;
  const message = `skill.toml:${number}: what stands below the line that the build wrote goes above it`;
  for (const line of ["[limits]", "# Mine.", "  # Mine.", "timeout = 3", "[tool.more]", 'name = "a" # Mine.', 'description = """']) {
    assert.throws(() => written(`${once}${line}\n`), { name: "BuildError", message }, line);
  }
  const above = once.replace(OWN, `${OWN}\n[limits]\n# Mine: '# Written by the build from'\ntimeout = 3\n`);
  assert.equal(written(above), above);
});
