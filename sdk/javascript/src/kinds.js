// One function for each kind of skill. What it gives is exported under the kind's name, and is then the component's export;
// `with(host)` gives the same over another host, for tests.

import port from "#port";
import { lowerError, lowerResult } from "./canonical.js";
import { describe, Failed, Invalid, SkillError, stackOf, toVariant } from "./errors.js";
import { hostOver } from "./host.js";
import { mismatch } from "./schema.js";

/** `export const spec = defineSpec((brief, host) => …)` */
export const defineSpec = (draft) => define("spec.draft", draft);

/** `export const review = defineReview((brief, subject, host) => …)` */
export const defineReview = (review) =>
  define("review.review", (...given) => {
    const report = review(...given);
    // Ids are given by the host.
    return { ...report, findings: report.findings?.map((finding) => ({ id: "", ...finding })) };
  });

/** `export const implement = defineImplement((brief, host) => …)` */
export const defineImplement = (implement) => define("implement.implement", implement);

/** `export const verify = defineVerify((brief, host) => …)` */
export const defineVerify = (verify) => define("verify.verify", verify);

/** `export const tool = defineTools({ NAME: { description, parameters, returns, readOnly, run(args, host) {…} } })` */
export function defineTools(tools) {
  const call = (name, text, host) => {
    if (!Object.hasOwn(tools, name)) throw new Invalid(`there is no tool ${name}; there are ${Object.keys(tools).join(", ")}`);
    const { parameters, returns, run } = tools[name];
    const given = parse(text);
    const wrong = mismatch(parameters ?? {}, given);
    if (wrong !== undefined) throw new Invalid(`${name}: ${wrong}`);
    const result = settled(run(given, host)) ?? {};
    const wrongResult = mismatch(returns ?? {}, result);
    if (wrongResult !== undefined) throw new Failed(`what ${name} returns does not fit its schema: ${wrongResult}`);
    return JSON.stringify(result);
  };
  return {
    ...define("tool.call", call),
    /** The `[[tool]]` entries of the manifest. */
    tools: Object.entries(tools).map(([name, { description = "", parameters = { type: "object" }, returns, readOnly = false }]) => ({
      name,
      description,
      parameters,
      ...(returns === undefined ? {} : { returns }),
      read_only: readOnly,
    })),
    /** Calls a tool over a host, with its arguments as they are. */
    with: (host) => (name, given = {}) => JSON.parse(call(name, JSON.stringify(given), host)),
  };
}

/** One operation; in TypeScript its types are taken from its schemas. */
export const defineTool = (tool) => tool;

function parse(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Invalid(`the arguments are no JSON: ${error.message}`);
  }
}

function define(name, work) {
  const [, member] = name.split(".");
  const over = (host) => (...given) => lowerResult(name, settled(work(...given, host)));
  return {
    /** What the host calls. It takes errors as the contract's variant, and anything else that is thrown as a crash. */
    [member](...given) {
      const host = hostOver(port);
      try {
        return over(host)(...given.map(port.lift));
      } catch (error) {
        if (!(error instanceof SkillError)) host.log.error(`${describe(error)}\n${stackOf(error)}`);
        throw lowerError(toVariant(error));
      }
    },
    with: over,
  };
}

/** The contract is synchronous: nothing would wait for a promise. */
function settled(value) {
  if (typeof value?.then === "function") throw new Failed("a skill is synchronous: what it returns is a promise, which nothing waits for");
  return value;
}
