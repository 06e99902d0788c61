import { defineTool, defineTools, FileError, type Host, schema } from "skillhost-sdk";

export const tool = defineTools({
  "long-lines": defineTool({
    description: "Lists lines that have more characters than a limit.",
    parameters: schema.object({
      glob: schema.optional(schema.string("the files to look in; all where it is left out")),
      limit: schema.optional(schema.integer("120 where it is left out")),
    }),
    returns: schema.object({
      lines: schema.list(schema.object({ file: schema.string(), line: schema.integer(), length: schema.integer() })),
    }),
    readOnly: true,
    run({ glob, limit = 120 }, host) {
      const lines = host.files.walk({ glob }).flatMap((file) =>
        linesOf(file, host)
          .map((text, index) => ({ file, line: index + 1, length: [...text].length }))
          .filter(({ length }) => length > limit),
      );
      host.log.info(`${lines.length} lines have more than ${limit} characters`);
      return { lines };
    },
  }),
});

/** None, where a file is no text. */
function linesOf(file: string, host: Host): string[] {
  try {
    return host.files.readText(file).split("\n");
  } catch (error) {
    if (error instanceof FileError && error.code === "not-text") return [];
    throw error;
  }
}
