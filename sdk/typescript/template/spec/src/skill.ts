import { askFor, converse, defineSpec, readingTools, renderBrief, schema } from "skillhost-sdk";

const SYSTEM = `You write the specification of a change to a repository. Look around with the tools first.
Then reply with the whole document, as Markdown: its title and every heading that you are given, each with a text.`;

const PLAN = schema.object({
  steps: schema.list(
    schema.object({
      id: schema.string("unique, as in 1.2"),
      title: schema.string(),
      instructions: schema.string(),
      files: schema.list(schema.string("a glob of files that it touches")),
      after: schema.list(schema.string("the id of a step that comes first")),
      criteria: schema.list(schema.string("the id of a criterion that it serves")),
    }),
  ),
  criteria: schema.list(
    schema.object({
      id: schema.string("as in C1"),
      statement: schema.string("what must hold before the change is accepted"),
      command: schema.optional(schema.string("the declared command that shows it")),
    }),
  ),
  assumptions: schema.list(schema.string("a question that only a person can answer, and the default taken")),
  answers: schema.list(schema.object({ finding: schema.string("the id of an open finding"), text: schema.string() })),
});

export const spec = defineSpec((brief, host) => {
  const told = renderBrief(brief);
  const text = converse(host, { system: SYSTEM, prompt: told, tools: readingTools(host), turns: 25 });
  const commands = host.exec.commands().map(({ name }) => name);
  const plan = askFor(host, PLAN, {
    system: SYSTEM,
    prompt: [told, `# The document\n\n${text}\n\nNow the plan, as JSON. Declared commands: ${commands.join(", ") || "none"}.`],
  });
  return { document: { path: brief.spec?.path ?? "spec.md", text: `${text.trim()}\n` }, ...plan };
});
