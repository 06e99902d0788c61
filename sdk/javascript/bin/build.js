// From sources to a component: bundle, check, write the manifest's tools, componentize.

import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { appendLines } from "./lines.js";
import { withTools } from "./manifest.js";
import { BuildError, bundle, load } from "./project.js";

const SDK = fileURLToPath(new URL("..", import.meta.url));
const KINDS = ["spec", "review", "implement", "verify", "tool"];
const DEFINE = { spec: "defineSpec", review: "defineReview", implement: "defineImplement", verify: "defineVerify", tool: "defineTools" };

export async function build(engine) {
  const manifest = existsSync("skill.toml") ? readFileSync("skill.toml", "utf8") : fail("there is no skill.toml here");
  const kind = /^\s*kind\s*=\s*["'](.*)["']/m.exec(manifest)?.[1];
  if (!KINDS.includes(kind)) fail(`skill.toml has no kind that is one of ${KINDS.join(", ")}`);
  const entry = ["src/skill.ts", "src/skill.js"].find(existsSync) ?? fail("there is no src/skill.js or src/skill.ts");
  mkdirSync("build", { recursive: true });

  const skill = await exported(entry, kind);
  const whole = kind === "tool" ? withTools(manifest, skill.tools, entry) : manifest;
  if (whole !== manifest) {
    writeFileSync("skill.toml", whole);
    console.error(`wrote the tools of ${entry} into skill.toml`);
  }

  // What nobody asks for is not imported.
  const sendsRequests = /^\s*http\s*=\s*\[\s*["']/m.test(manifest);
  if (sendsRequests && engine === "quickjs") {
    fail("a skill that requests http can't be built with QuickJS yet; it can with: npm run build -- --engine starlingmonkey");
  }
  await bundle(entry, "build/skill.js", {
    conditions: sendsRequests ? ["skillhost", "skillhost-http"] : ["skillhost"],
    external: ["skillhost:*", "wasi:*"],
    platform: "neutral",
    mainFields: ["module", "main"],
    define: { SKILLHOST_U64_IS_BIGINT: String(engine === "starlingmonkey") },
    sourcemap: "external",
  });
  appendLines("build/skill.js", join(SDK, "src"));
  layOutWit();
  const component = await ENGINES[engine](sendsRequests ? `${kind}-http` : kind).catch((error) =>
    fail(error.name === "BuildError" ? error.message : `${engine} can't make a component of it: ${error.message}`),
  );
  writeFileSync("build/component.wasm", component);
  console.error(`build/component.wasm  ${Math.ceil(component.length / 1024)} KB, ${kind}, ${engine}`);
  return 0;
}

/** What the sources export for this kind. They are run for it, in Node and without a host. */
async function exported(entry, kind) {
  const file = "build/check.mjs";
  await bundle(entry, file, { platform: "node" });
  const skill = (await import(pathToFileURL(file).href))[kind];
  rmSync(file);
  if (typeof skill !== "object") fail(`${entry} has to export a skill of the kind in skill.toml: export const ${kind} = ${DEFINE[kind]}(…)`);
  return skill;
}

/** The worlds of JavaScript, with the contract beside them. */
function layOutWit() {
  const contract = ["wit", join(SDK, "../../wit")].find((folder) => existsSync(join(folder, "worlds.wit")));
  if (contract === undefined) fail("the contract is missing: there is no wit/worlds.wit");
  rmSync("build/wit", { recursive: true, force: true });
  cpSync(join(SDK, "wit"), "build/wit", { recursive: true });
  cpSync(contract, "build/wit/deps/skill", { recursive: true });
}

const ENGINES = {
  async quickjs(world) {
    const { componentize } = await load("componentize-qjs");
    const { component } = await componentize({
      witPath: "build/wit",
      world,
      jsSource: readFileSync("build/skill.js", "utf8"),
      jsPath: "build/skill.js",
      moduleRoot: "build",
      sync: true,
      optSize: true,
    });
    return component;
  },
  async starlingmonkey(world) {
    // It imports the shim without depending on it.
    const packages = ["@bytecodealliance/componentize-js@0.23.0", "@bytecodealliance/preview2-shim@0.25.0"];
    const { componentize } = await load("@bytecodealliance/componentize-js", packages.join(" "));
    const { component } = await componentize({
      witPath: "build/wit",
      worldName: world,
      sourcePath: "build/skill.js",
      disableFeatures: world.endsWith("-http") ? ["fetch-event"] : ["http", "fetch-event"],
    });
    return component;
  },
};

function fail(message) {
  throw new BuildError(message);
}
