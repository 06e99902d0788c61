// Calls everything that the contract has, and writes down what came of it.

import { Cancelled, defineImplement, Denied, Exhausted, Failed, Invalid, SkillError, TooLarge } from "skillhost-sdk";

/** The errors that a goal may ask for. */
const WANTED = {
  denied: () => new Denied("because ü"),
  invalid: () => new Invalid("because ü"),
  exhausted: () => new Exhausted("because ü"),
  cancelled: () => new Cancelled(),
  "too-large": () => new TooLarge(2 ** 32),
  failed: () => new Failed("because ü"),
};

/** More than a diff or the budget has room for. */
const LARGE = "0123456789\n".repeat(40_000);

export const implement = defineImplement((brief, host) => {
  if (brief.goal in WANTED) throw WANTED[brief.goal]();
  const again = brief.findings.length > 0;
  const seen = again ? { brief } : see(brief, host);
  host.files.writeText(again ? "src/again.json" : "src/seen.json", JSON.stringify(plain(seen)));
  return {
    title: "See all of it",
    what: "what ü",
    why: "why",
    breaking: ["breaks"],
    rollback: "rollback",
    unfinished: ["unfinished"],
    answers: brief.findings.map(({ id }) => ({ finding: id, text: "answered" })),
  };
});

function see(brief, host) {
  const seen = { brief };
  for (const level of ["debug", "info", "warn", "error"]) host.log[level]("a line ü");
  host.progress("half", 0.5);
  host.progress("some");

  const asked = { speaker: "user", parts: [{ tag: "text", val: "ünï 🦀" }] };
  const messages = [
    asked,
    {
      speaker: "assistant",
      parts: [
        { tag: "text", val: "ü" },
        { tag: "reasoning", val: "because" },
        { tag: "tool-call", val: { id: "1", name: "look", arguments: "{}" } },
      ],
    },
    { speaker: "user", parts: [{ tag: "tool-result", val: { id: "1", content: "seen", failed: true } }] },
  ];
  const tools = [{ name: "look", description: "Looks.", parameters: '{"type":"object","properties":{}}' }];
  const whole = { system: "a system", messages, tools, toolChoice: "required", maxOutputTokens: 99 };
  seen.complete = of(() => reply(host.model.complete(whole)));
  const small = (tier) => ({ tier, messages: [asked] });
  const all = (requests) =>
    host.model.completeAll(requests).map((one) => (one instanceof SkillError ? told(one) : parts(one.parts)));
  seen["complete-all"] = all([small("standard"), small("standard")]);
  seen["complete-all denied"] = all([small("capable")]);
  seen["complete denied"] = of(() => reply(host.model.complete(small("capable"))));
  const much = { messages: [{ speaker: "user", parts: [{ tag: "text", val: LARGE }] }] };
  seen["complete exhausted"] = of(() => reply(host.model.complete(much)));
  seen["complete failed"] = of(() => reply(host.model.complete(small("standard"))));
  seen.window = of(() => host.model.window("standard"));
  seen["window denied"] = of(() => host.model.window("capable"));
  const { tokens = null, cost = null } = host.model.remaining();
  seen.remaining = { tokens, cost };

  seen.commands = host.exec.commands();
  seen.granted = host.exec.granted();
  seen.run = of(() => host.exec.run("test"));
  seen["run denied"] = of(() => host.exec.run("deploy"));
  seen["run with arguments"] = of(() => host.exec.run("test", ["x"]));
  seen.output = of(() => host.exec.output(seen.run.id, 2));
  seen["output invalid"] = of(() => host.exec.output("none"));

  host.files.writeText("src/ü/new.txt", "one\n");
  host.files.writeText("src/greeting.txt", "hello\n");
  host.files.writeText("length", "1\n");
  seen.entries = of(() => host.changes.entries());
  seen.diff = of(() => host.changes.diff(["length"]));
  host.files.writeText("src/large.txt", LARGE);
  seen["diff too large"] = of(() => host.changes.diff());
  host.files.remove("src/large.txt");
  seen.original = of(() => String.fromCharCode(...host.changes.original("length", 1)));
  seen["original invalid"] = of(() => host.changes.original("none").length);
  seen.checkpoint = of(() => host.changes.checkpoint("Half of it").length);
  seen.ask = of(() => host.ask("Now?", ["yes", "no"], "no"));
  return seen;
}

function of(call) {
  try {
    return call();
  } catch (error) {
    if (error instanceof SkillError) return told(error);
    throw error;
  }
}

function told(error) {
  if (error.tag === "cancelled") return error.tag;
  return `${error.tag}: ${error.tag === "too-large" ? error.size : error.message}`;
}

const reply = (one) => ({ ...one, parts: parts(one.parts) });
const parts = (list) => list.map(({ tag, val }) => ({ [tag]: val }));

/** With the contract's names, and null for what is absent. */
function plain(value) {
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  const name = (key) => (key.includes(" ") || key === "complete-all" ? key : key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`).replaceAll("-", "_"));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [name(key), plain(inner)]));
}
