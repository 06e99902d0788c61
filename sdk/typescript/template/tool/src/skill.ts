import { defineTool, defineTools, schema } from "skillhost-sdk";

/** Functions that people and models call. The build writes their entries in `skill.toml` from what stands here. */
export const tool = defineTools({
  "count-lines": defineTool({
    description: "Says how many lines a file has.",
    parameters: schema.object({ path: schema.string("relative to the worktree's root") }),
    returns: schema.object({ lines: schema.integer() }),
    readOnly: true,
    run({ path }, host) {
      const lines = host.files.readText(path).split("\n");
      // What ends the last line begins none.
      return { lines: lines.at(-1) === "" ? lines.length - 1 : lines.length };
    },
  }),
});
