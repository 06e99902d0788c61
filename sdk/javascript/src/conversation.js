// The loop that every agent runs: ask the model, run the tools it calls, tell it what they returned, until it is done.

import { Cancelled, Exhausted, Failed, Invalid, SkillError } from "./errors.js";
import { mismatch } from "./schema.js";
import { cut } from "./text.js";

/** Replies that lead nowhere and end the conversation when they come in a row. */
const MAX_IN_A_ROW = 3;
/** The same call is not run from this repetition on, and ends the conversation at the other. */
const NOT_RUN_FROM = 3;
const STOP_AT = 5;
/** Characters of a tool's result that the model is shown. */
const MAX_RESULT = 24_000;
/** The share of a model's window above which old results are dropped, and the newest that stay. */
const FULL = 0.6;
const KEPT_RESULTS = 10;
/** Where the host does not know a model's window. */
const USUAL_WINDOW = 200_000;
/** So many turns before the last one, the model is told. */
const NOTICE_TURNS = 5;

class Done {
  constructor(value) {
    this.value = value;
  }
}

/** What a tool returns to end the conversation with this value. */
export const done = (value) => new Done(value);

/** A user's message. */
export const user = (text) => ({ speaker: "user", parts: [{ tag: "text", val: text }] });

/** The text of a reply, without its reasoning and calls. */
export const textOf = (reply) => reply.parts.filter(({ tag }) => tag === "text").map(({ val }) => val).join("\n");

/** Runs a conversation with tools; gives what a tool ended it with, or the text of a reply without a call. */
export function converse(host, { tier = "standard", system, prompt, tools = [], turns = 50, mustFinish = false }) {
  const known = new Map(tools.map((tool) => [tool.name, tool]));
  const definitions = tools.map(({ name, description, parameters }) => ({ name, description, parameters: JSON.stringify(parameters) }));
  const messages = started(prompt);
  const repeats = new Map();
  let [idle, lastCall, ending] = [0, 0, false];
  for (let turn = 1; turn <= turns; turn += 1) {
    const left = host.model.remaining().tokens;
    if (left !== undefined && lastCall > 0 && left < 3 * lastCall) {
      if (ending) throw new Exhausted("the budget ends before the work does");
      ending = true;
      messages.at(-1).parts.push({ tag: "text", val: "The budget ends: finish with this reply." });
    }
    const reply = host.model.complete({ tier, system, messages, tools: definitions });
    if (reply.stop === "refused") throw new Failed(`${reply.model} refused: ${textOf(reply).slice(0, 500)}`);
    lastCall = reply.usage.inputTokens + reply.usage.outputTokens;
    messages.push({ speaker: "assistant", parts: reply.parts });

    const calls = reply.parts.filter(({ tag }) => tag === "tool-call").map(({ val }) => val);
    if (calls.length === 0 && !mustFinish) return textOf(reply);
    const parts = [];
    let useful = false;
    for (const call of calls) {
      const { result, failed, value } = answer(known.get(call.name), call, repeats);
      if (value !== undefined) return value.value;
      useful ||= !failed;
      parts.push({ tag: "tool-result", val: { id: call.id, content: clip(result), failed } });
    }
    if (calls.length === 0) parts.push({ tag: "text", val: `Call one of the tools: ${[...known.keys()].join(", ")}.` });
    idle = useful ? 0 : idle + 1;
    if (idle >= MAX_IN_A_ROW && calls.length === 0) throw new Failed(`the model replied ${MAX_IN_A_ROW} times without calling a tool`);
    if (turn === turns - NOTICE_TURNS) parts.push({ tag: "text", val: `${turn} of ${turns} turns are used. Finish what is open.` });
    messages.push({ speaker: "user", parts });
    dropOld(messages, lastCall, () => windowOf(host, tier));
  }
  throw new Exhausted(`${turns} turns`);
}

/** Asks for one value that fits the schema; a reply that doesn't is sent back once. */
export function askFor(host, schema, { tier = "standard", system, prompt }) {
  const messages = started(prompt);
  for (let attempt = 1; ; attempt += 1) {
    const reply = host.model.complete({ tier, system, messages, toolChoice: "none", schema: JSON.stringify(schema) });
    const { value, wrong } = fitting(textOf(reply), schema);
    if (wrong === undefined) return value;
    if (attempt === 2 || reply.stop === "refused") throw new Failed(`${reply.model} gave no fitting answer: ${wrong}`);
    messages.push({ speaker: "assistant", parts: reply.parts }, user(`That does not fit: ${wrong}. Reply with the JSON alone.`));
  }
}

/** The first messages, as copies: what is said is added to them. */
function started(prompt) {
  return [prompt].flat().map((one) => (typeof one === "string" ? user(one) : { ...one, parts: [...one.parts] }));
}

/** JSON from a reply, also where it stands in a block of code. */
function fitting(text, schema) {
  const block = /^\s*```(?:json)?\s*\n([\s\S]*?)\n```\s*$/.exec(text);
  try {
    const value = JSON.parse(block === null ? text : block[1]);
    return { value, wrong: mismatch(schema, value) };
  } catch (error) {
    return { wrong: `it is no JSON: ${error.message}` };
  }
}

function answer(tool, call, repeats) {
  const failed = (result) => ({ result, failed: true });
  if (tool === undefined) return failed(`there is no tool ${call.name}`);
  const key = `${call.name} ${call.arguments}`;
  const count = (repeats.get(key) ?? 0) + 1;
  repeats.set(key, count);
  if (count >= STOP_AT) throw new Failed(`the model called ${call.name} ${count} times with the same arguments`);
  if (count >= NOT_RUN_FROM) return failed(`this call was made ${count - 1} times before, and was not run again: do something else`);
  try {
    const result = tool.run(readArguments(call.arguments, tool.parameters));
    // What another tool did may make an old call a new one.
    if (tool.changes) repeats.clear();
    if (result instanceof Done) return { value: result };
    return { result: typeof result === "string" ? result : JSON.stringify(result ?? "done"), failed: false };
  } catch (error) {
    if (!(error instanceof SkillError) || error instanceof Cancelled || error instanceof Exhausted) throw error;
    return failed(`${error.tag}: ${error.message}`);
  }
}

function readArguments(text, schema) {
  let given;
  try {
    given = JSON.parse(text.trim() === "" ? "{}" : text);
    // Some servers hand over the object as a string.
    if (typeof given === "string") given = JSON.parse(given);
  } catch (error) {
    throw new Invalid(`the arguments are no JSON, so nothing was done: ${error.message}`);
  }
  const required = schema.required ?? [];
  if (given !== null && typeof given === "object") {
    // What may be left out is often sent as null.
    for (const name of Object.keys(given)) if (given[name] === null && !required.includes(name)) delete given[name];
  }
  const wrong = mismatch(schema, given);
  if (wrong !== undefined) throw new Invalid(wrong);
  return given;
}

function windowOf(host, tier) {
  try {
    return host.model.window(tier);
  } catch (error) {
    if (error instanceof Cancelled) throw error;
    return USUAL_WINDOW;
  }
}

/** Empties old results where the conversation fills its window; the calls stay, so that the model can repeat them. */
function dropOld(messages, tokens, window) {
  if (tokens < FULL * window()) return;
  const results = messages.flatMap(({ parts }) => parts).filter(({ tag }) => tag === "tool-result");
  for (const { val } of results.slice(0, -KEPT_RESULTS)) {
    if (!val.content.startsWith("[dropped")) val.content = `[dropped: ${val.content.length} characters]`;
  }
}

function clip(text) {
  const kept = cut(text, MAX_RESULT);
  return kept === text ? text : `${kept}\n[${text.length - kept.length} more characters were cut]`;
}
