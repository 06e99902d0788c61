import { converse, defineImplement, done, editingTools, Failed, readingTools, renderBrief, schema } from "skillhost-sdk";

const SYSTEM = `You make a change in a repository, with the tools. Follow the specification and its criteria.
Run the tests before you finish, where there is a command for them.`;

const SUMMARY = schema.object({
  title: schema.string("imperative, at most 72 characters"),
  what: schema.string(),
  why: schema.string(),
  breaking: schema.list(schema.string()),
  rollback: schema.string("how to go back"),
  unfinished: schema.list(schema.string("what was left undone, and why")),
  answers: schema.list(schema.object({ finding: schema.string("the id of an open finding"), text: schema.string() })),
});

export const implement = defineImplement((brief, host) => {
  const tools = [
    ...readingTools(host),
    ...editingTools(host),
    {
      name: "run",
      description: `Runs one of the commands: ${host.exec.granted().join(", ") || "none is granted"}.`,
      parameters: schema.object({ name: schema.string() }),
      run({ name }) {
        const { exitCode, output } = host.exec.run(name);
        return `exit ${exitCode ?? "by a signal"}\n${output}`;
      },
    },
    {
      name: "finish",
      description: "Ends the work, once it is done.",
      parameters: SUMMARY,
      run(summary) {
        if (host.changes.entries().length === 0) throw new Failed("nothing was changed yet");
        return done(summary);
      },
    },
  ];
  return converse(host, { system: SYSTEM, prompt: renderBrief(brief), tools, turns: 60, mustFinish: true });
});
