import type { Brief, Host, Part, Reply, Request, SkillError } from "./index.js";

export interface MockOptions {
  /** At the base commit, and in the worktree. */
  files?: Record<string, string | Uint8Array>;
  /** The model's replies in order: a text, tool calls by `calls`, a whole reply, or an error to throw. */
  replies?: (string | Reply | SkillError)[];
  /** The declared commands that the skill may run, each with how its runs end; the last one repeats. */
  commands?: Record<string, Ending | Ending[]>;
  environment?: Record<string, string>;
  /** Replies to requests, by URL; any other is denied. */
  requests?: Record<string, { status?: number; headers?: Record<string, string>; body?: string | Uint8Array }>;
  budget?: { tokens?: number; cost?: number };
  /** Globs that are granted; all where they are left out. */
  read?: string[];
  write?: string[];
  /** Tokens of the model's window. */
  window?: number;
}

/** How a run of a command ends; `null` means by a signal. */
export interface Ending {
  exitCode?: number | null;
  output?: string;
}

export interface MockHost extends Host {
  /** What was asked of the model. */
  readonly requests: Request[];
  readonly logs: [level: string, message: string][];
  readonly runs: { name: string; arguments: string[] }[];
  /** Messages of the checkpoints. */
  readonly checkpoints: string[];
  readonly questions: string[];
  /** Requests that were sent. */
  readonly sent: { method: string; url: string; headers: Record<string, string>; body?: string }[];
  /** A file's text as it is now, whatever is granted. */
  text(path: string): string | undefined;
  /** Scripted replies that no call took. */
  repliesLeft(): number;
}

/** A host in memory. */
export function mockHost(options?: MockOptions): MockHost;
/** A reply of tool calls, each a name and its arguments. */
export function calls(...each: [name: string, given: object | string][]): Reply & { parts: Part[] };
/** A brief with a goal, and whatever else it is given. */
export function mockBrief(goal: string, more?: Partial<Brief>): Brief;
