// The SDK for skills in JavaScript and TypeScript. README.md shows its parts.

export { renderBrief } from "./brief.js";
export { askFor, converse, done, textOf, user } from "./conversation.js";
export { diff } from "./diff.js";
export { edit } from "./edit.js";
export { Cancelled, Denied, Exhausted, Failed, FileError, Invalid, SkillError, TooLarge } from "./errors.js";
export { glob } from "./glob.js";
export { defineImplement, defineReview, defineSpec, defineTool, defineTools, defineVerify } from "./kinds.js";
export * as schema from "./schema.js";
export { editingTools, readingTools } from "./tools.js";
