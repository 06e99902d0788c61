// Made of the WIT by scripts/contract.js.

export type ChangeKind = "added" | "modified" | "deleted" | "renamed";

export interface Change {
  path: string;
  kind: ChangeKind;
}

export interface Command {
  name: string;
  description: string;
}

export interface Outcome {
  /** Names this run in logs and reports. */
  id: string;
  /** None where a signal or a limit ended it. */
  exitCode?: number | undefined;
  /** The end of what it printed, both streams, at most 64 KiB. */
  output: string;
  /** Bytes that it printed in all. */
  outputSize: number;
  durationMs: number;
}

export interface Summary {
  /** Imperative, at most 72 characters: the commit's subject line. */
  title: string;
  what: string;
  why: string;
  breaking: string[];
  /** How to go back. */
  rollback: string;
  /** What was left undone, and why. */
  unfinished: string[];
  answers: Answer[];
}

export type Level = "debug" | "info" | "warn" | "error";

export type Tier = "cheap" | "standard" | "capable";

export type Speaker = "user" | "assistant";

export interface ToolDefinition {
  name: string;
  description: string;
  parameters: string;
}

export interface ToolCall {
  id: string;
  name: string;
  arguments: string;
}

export interface ToolResult {
  id: string;
  content: string;
  failed: boolean;
}

export type Part =
  | { tag: "text"; val: string }
  | { tag: "tool-call"; val: ToolCall }
  | { tag: "tool-result"; val: ToolResult }
  /** A provider's reasoning, to be sent back unchanged. */
  | { tag: "reasoning"; val: string };

export interface Message {
  speaker: Speaker;
  parts: Part[];
}

export type ToolChoice = "auto" | "required" | "none";

export interface Request {
  tier: Tier;
  system?: string | undefined;
  messages: Message[];
  tools: ToolDefinition[];
  toolChoice: ToolChoice;
  /** JSON Schema that the reply's text must satisfy. */
  schema?: string | undefined;
  maxOutputTokens?: number | undefined;
}

export type Stop = "end" | "tool-calls" | "length" | "refused";

export interface Usage {
  inputTokens: number;
  cachedInputTokens: number;
  outputTokens: number;
  /** Millionths of a US dollar; none where the price is unknown. */
  cost?: number | undefined;
}

export interface Reply {
  parts: Part[];
  stop: Stop;
  usage: Usage;
  model: string;
}

export interface Budget {
  tokens?: number | undefined;
  cost?: number | undefined;
}

export type Subject =
  | { tag: "spec"; val: Document }
  /** The change is read through `changes`. */
  | { tag: "change" };

/** Decides over an earlier finding. Only a reviewer can close one. */
export interface Verdict {
  finding: string;
  closed: boolean;
  reason: string;
}

export interface Report {
  findings: Finding[];
  verdicts: Verdict[];
}

export interface Specification {
  document: Document;
  steps: Step[];
  criteria: Criterion[];
  /** Questions that only a person can answer, each with the default taken. */
  assumptions: string[];
  answers: Answer[];
}

/** A text file, by its path relative to the worktree's root. */
export interface Document {
  path: string;
  text: string;
}

/**
 * Ordered from least to most severe. Blockers and majors go back to the
 * author; after the last round an open blocker ends the run, and open
 * majors keep the pull request a draft.
 */
export type Severity = "nit" | "minor" | "major" | "blocker";

export interface Location {
  path: string;
  /** 1-based. */
  line?: number | undefined;
}

export interface Finding {
  /** Given by the host; empty in what a review returns. */
  id: string;
  severity: Severity;
  /** What it is about: "routing", "caching", "failure-modes", "consent", ... */
  category: string;
  at?: Location | undefined;
  /** Verbatim text at that place, by which the finding is checked. */
  quote?: string | undefined;
  message: string;
  suggestion?: string | undefined;
}

/** What the author of the reviewed work says to a finding. */
export interface Answer {
  finding: string;
  text: string;
}

/**
 * What a command showed about the proposed commit. Made by the host, in a
 * fresh checkout; nothing that a skill says can stand in for it.
 */
export interface Gate {
  evidence: string;
  /** The declared command. */
  name: string;
  /** None where a signal or a limit ended it. */
  exitCode?: number | undefined;
  /** Tests that it ran, where its output tells. */
  tests?: number | undefined;
  /** The end of its output, at most 64 KiB. */
  output: string;
}

/** One step of the plan. */
export interface Step {
  /** Unique within the plan: "1.2". */
  id: string;
  title: string;
  instructions: string;
  /** Globs of the files that it will touch. */
  files: string[];
  /** Ids of the steps that must be done first. */
  after: string[];
  /** Ids of the criteria that it serves. */
  criteria: string[];
}

/** A statement that must hold before the change is accepted. */
export interface Criterion {
  id: string;
  statement: string;
  /** The declared command that shows it, if a command can. */
  command?: string | undefined;
}

/** What an agent is told: all of it, and nothing else. */
export interface Brief {
  run: string;
  agent: string;
  goal: string;
  /** Commit that the worktree was made from, in hex. */
  base: string;
  /** AGENTS.md and the guides that its task router names for this goal. */
  conventions: Document[];
  spec?: Document | undefined;
  /** Empty unless this agent was given a part of the plan. */
  steps: Step[];
  criteria: Criterion[];
  /** Findings of earlier reviews that are still open. */
  findings: Finding[];
  /** The author's answers to them; a reviewer decides. */
  answers: Answer[];
  /** Where the change was verified already. */
  gates: Gate[];
}

export type CheckOutcome = "passed" | "failed" | "not-run";

export interface Check {
  /** A criterion's id, or a name of its own. */
  id: string;
  outcome: CheckOutcome;
  /**
   * Ids of the gates that show it. The host counts a check without any as
   * not run, whatever it claims.
   */
  evidence: string[];
  detail: string;
}
