import { defineTool, defineTools, type Host, Invalid, schema, SkillError } from "skillhost-sdk";

/** The word, perhaps a name, perhaps a colon, and what it says. Not every engine knows the classes of Unicode's characters. */
const MARKED = /(?<![\w\u0080-\u{10ffff}])TODO(?![\w\u0080-\u{10ffff}])(?:\([^)]*\))?:?(.*)/u;

const todo = schema.object({ file: schema.string(), line: schema.integer(), text: schema.string() });
type Todo = schema.Static<typeof todo>;

export const tool = defineTools({
  report: defineTool({
    description: "Lists TODO comments with file and line, and writes them as a Markdown report.",
    parameters: schema.object({
      path: schema.optional(schema.string("where the report goes; TODO.md where it is left out")),
      pattern: schema.optional(schema.string("a glob of the files to look in; all where it is left out")),
    }),
    returns: schema.object({ todos: schema.list(todo) }),
    run({ path = "TODO.md", pattern = "**" }, host) {
      // An earlier report holds the same lines again.
      const files = host.files.walk({ glob: pattern }).filter((file) => file !== path);
      const todos = files.flatMap((file) => todosIn(file, host));
      host.files.writeText(path, render(todos));
      host.log.info(`${path}: ${summary(todos)}`);
      return { todos };
    },
  }),
});

function todosIn(file: string, host: Host): Todo[] {
  return textOf(file, host).split("\n").flatMap((line, index) => {
    const found = MARKED.exec(line);
    return found === null ? [] : [{ file, line: index + 1, text: (found[1] ?? "").trim() }];
  });
}

/** Nothing, where a file is no text or can't be read. */
function textOf(file: string, host: Host): string {
  try {
    const text = host.files.readText(file);
    return text.includes("\0") ? "" : text;
  } catch (error) {
    if (!(error instanceof SkillError) || error.tag === "cancelled") throw error;
    if (!(error instanceof Invalid)) host.log.warn(`${file} is left out: ${error.message}`);
    return "";
  }
}

function summary(todos: Todo[]): string {
  return `${todos.length} in ${new Set(todos.map(({ file }) => file)).size} files.`;
}

function render(todos: Todo[]): string {
  const list = todos.map(({ file, line, text }) => `- \`${file}:${line}\` ${text}`);
  return `# TODO report\n\n${summary(todos)}\n\n${list.length === 0 ? "None." : list.join("\n")}\n`;
}
