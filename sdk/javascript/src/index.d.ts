// The SDK for skills in JavaScript and TypeScript. Everything is synchronous, as the contract is.

import type {
  Brief, Budget, Change, Check, Command, Finding, Message, Outcome, Part, Reply, Report, Request, Specification, Subject, Summary, Tier, ToolChoice,
} from "./contract.js";
import * as schema from "./schema.js";

export type * from "./contract.js";
export { schema };

// The host.

/** Everything that a skill can reach. What was not granted throws `Denied`. */
export interface Host {
  /** Lines for people. */
  log: Record<"debug" | "info" | "warn" | "error", (message: string) => void>;
  /** What the skill is doing; `fraction` between 0 and 1 where the end is known. */
  progress(message: string, fraction?: number): void;
  model: {
    complete(request: ModelRequest): Reply;
    /** Side by side; replies in the order of the requests, with an error in place of one that failed. */
    completeAll(requests: ModelRequest[]): (Reply | SkillError)[];
    /** Tokens that a request and its reply may have together. */
    window(tier: Tier): number;
    /** What is left of the budget. */
    remaining(): Budget;
  };
  exec: {
    /** All commands that the project declares. */
    commands(): Command[];
    /** Names of those that this skill may run. */
    granted(): string[];
    /** Runs one; arguments need a grant of their own. */
    run(name: string, commandArguments?: string[]): Outcome;
    /** A part of what a run or a gate printed: 64 KiB from the byte `offset` on. */
    output(id: string, offset?: number): string;
  };
  changes: {
    /** The files that differ from the base commit. */
    entries(): Change[];
    /** A unified diff against it; no `paths` means all. */
    diff(paths?: string[]): string;
    /** The file as it was at the base commit, at most 1 MiB from `offset`. */
    original(path: string, offset?: number): Uint8Array;
    /** Commits to the agent's own branch. */
    checkpoint(message: string, also?: string[]): string;
  };
  /** Asks a person; an unattended run takes `otherwise`. */
  ask(question: string, options: string[], otherwise: string): string;
  /** A variable of the environment: placeholders of the secrets that were granted. */
  env(name: string): string | undefined;
  /** Sends a request, where the manifest asks for `http`. Placeholders of secrets are replaced on the way. */
  request(request: HttpRequest): HttpReply;
  files: Files;
}

export interface HttpRequest {
  /** GET where it is left out. */
  method?: string;
  url: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

export interface HttpReply {
  status: number;
  /** By names in lower case. */
  headers: Record<string, string>;
  body: Uint8Array;
  /** The body as text; throws where it is no UTF-8. */
  text(): string;
}

/** A request; what is left out is standard tier, no tools, and the model's own choice. */
export type ModelRequest = Pick<Request, "messages"> & Partial<Request>;

/** Files of the worktree. Paths are relative to its root, and separated by `/`. */
export interface Files {
  read(path: string): Uint8Array;
  /** Throws `Invalid` where the file is no UTF-8, and `TooLarge` where it has over 8 MiB. */
  readText(path: string): string;
  /** Writes a whole file, and makes its directories. */
  write(path: string, bytes: Uint8Array): void;
  writeText(path: string, text: string): void;
  /** Replaces a text that is there exactly once, or, with `all`, everywhere; gives the diff. */
  editText(path: string, before: string, after: string, options?: { all?: boolean }): string;
  /** A directory's entries by name. */
  list(path?: string): { name: string; kind: "file" | "directory" | "other" }[];
  /** Paths of regular files in the order of their bytes. Links are not followed, and `.git` is left out. */
  walk(options?: { root?: string | undefined; glob?: string | undefined }): string[];
  /** In bytes. */
  size(path: string): number;
  exists(path: string): boolean;
  rename(from: string, to: string): void;
  remove(path: string): void;
}

// Kinds.

/** An object in which lists, and what the host fills in, may be left out. */
export type Given<T, Filled extends keyof T = never> = {
  [K in keyof T as K extends Filled ? never : T[K] extends unknown[] ? never : K]: T[K];
} & { [K in keyof T as K extends Filled ? K : T[K] extends unknown[] ? K : never]?: T[K] };

/** A skill: exported under its kind's name it is the component's export. */
export interface Skill<Arguments extends unknown[], Result> {
  /** The same over another host, for tests. */
  with(host: Host): (...given: Arguments) => Result;
}

export function defineSpec(draft: (brief: Brief, host: Host) => Given<Specification>): Skill<[Brief], Specification> & { draft: unknown };
export function defineReview(
  review: (brief: Brief, subject: Subject, host: Host) => { findings?: Given<Finding, "id">[]; verdicts?: Report["verdicts"] },
): Skill<[Brief, Subject], Report> & { review: unknown };
export function defineImplement(implement: (brief: Brief, host: Host) => Given<Summary>): Skill<[Brief], Summary> & { implement: unknown };
export function defineVerify(verify: (brief: Brief, host: Host) => Given<Check>[]): Skill<[Brief], Check[]> & { verify: unknown };

/** One operation of a tool skill. The build makes a `[[tool]]` entry of the manifest of it. */
export interface Tool<Parameters, Returns> {
  description: string;
  parameters?: schema.Schema<Parameters>;
  returns?: schema.Schema<Returns>;
  /** Whether it changes nothing. */
  readOnly?: boolean;
  run(given: Parameters, host: Host): Returns;
}

/** A tool skill's operations by name: lower case, digits and hyphens. */
export function defineTools<Tools extends Record<string, Tool<any, any>>>(
  tools: Tools,
): { call: unknown; tools: unknown[]; with(host: Host): (name: keyof Tools & string, given?: object) => any };

/** One operation, with its types taken from its schemas. */
export function defineTool<Parameters = {}, Returns = {}>(tool: Tool<Parameters, Returns>): Tool<Parameters, Returns>;

// Conversations.

/** A tool that a model may call in a conversation. */
export interface ModelTool<Parameters = any> {
  name: string;
  description: string;
  parameters: schema.Schema<Parameters>;
  /** Whether it changes something, so that an earlier call is worth repeating. */
  changes?: boolean;
  /** What the model is told, or `done(value)`. A `SkillError` that it throws is told to the model as a failure. */
  run(given: Parameters): unknown;
}

export interface Conversation {
  tier?: Tier;
  system?: string;
  prompt: string | Message | (string | Message)[];
  tools?: ModelTool[];
  /** Model calls at most; 50 where it is left out. */
  turns?: number;
  /** Whether only a tool ends it, so that a reply without a call is reminded of them. */
  mustFinish?: boolean;
}

/** Runs a conversation with tools; gives what a tool ended it with, or the text of a reply without a call. */
export function converse(host: Host, conversation: Conversation): any;
/** Ends the conversation with this value. */
export function done(value: unknown): unknown;
/** Asks for one value that fits the schema; a reply that doesn't is sent back once. */
export function askFor<T>(host: Host, wanted: schema.Schema<T>, request: { tier?: Tier; system?: string; prompt: Conversation["prompt"] }): T;
/** A user's message. */
export function user(text: string): Message;
/** The text of a reply, without its reasoning and calls. */
export function textOf(reply: { parts: Part[] }): string;
/** `list`, `search` and `read` over the worktree. */
export function readingTools(host: Host): ModelTool[];
/** `write` and `edit` over the worktree. */
export function editingTools(host: Host): ModelTool[];

// Texts and paths.

/** Everything that a brief tells, as Markdown for a model. */
export function renderBrief(brief: Brief): string;
/** The unified diff of two texts; empty where they are the same. */
export function diff(before: string, after: string, options?: { path?: string; context?: number }): string;
/** `text` with `after` in place of `before`, which must be there once; with `all`, at least once. */
export function edit(text: string, before: string, after: string, options?: { path?: string; all?: boolean }): string;
/** Whether a path fits a glob, as a function. */
export function glob(pattern: string): (path: string) => boolean;

// Errors.

/** Why a call failed. A skill that throws one fails with it; whatever else it throws is `failed`. */
export class SkillError extends Error {
  readonly tag: "denied" | "invalid" | "exhausted" | "cancelled" | "too-large" | "failed";
}
/** No grant covers this. The message names the capability, and what would grant it. */
export class Denied extends SkillError {
  constructor(message: string);
}
/** The caller's arguments or input are wrong. */
export class Invalid extends SkillError {
  constructor(message: string);
}
/** A limit or a budget is used up. */
export class Exhausted extends SkillError {
  constructor(message: string);
}
/** The run was cancelled. */
export class Cancelled extends SkillError {
  constructor();
}
/** More than is handed over at once: ask for less, or for a part. */
export class TooLarge extends SkillError {
  constructor(size: number);
  readonly size: number;
}
/** Anything else. */
export class Failed extends SkillError {
  constructor(message: string);
}
/** A file that can't be used for a reason other than a grant. */
export class FileError extends Failed {
  constructor(path: string, code: string);
  readonly path: string;
  /** Of `wasi:filesystem`, as in `no-entry`. */
  readonly code: string;
}
