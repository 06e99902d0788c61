// A brief as text for a model, in an order that caches well: what stays the same for all agents of a goal comes first.

/** Everything that a brief tells, as Markdown. */
export function renderBrief(brief) {
  const parts = [
    ["Goal", brief.goal],
    ...brief.conventions.map(({ path, text }) => [`Convention: ${path}`, text]),
    ["Specification", brief.spec && `In ${brief.spec.path}:\n\n${brief.spec.text}`],
    ["Criteria", items(brief.criteria, ({ id, statement, command }) => `${id}: ${statement}${command === undefined ? "" : ` (shown by ${command})`}`)],
    ["Steps", items(brief.steps, ({ id, title, instructions, files }) => `${id} ${title}: ${instructions} Files: ${files.join(", ")}`)],
    ["Open findings", items(brief.findings, finding)],
    ["The author's answers", items(brief.answers, ({ finding, text }) => `${finding}: ${text}`)],
    ["Gates", items(brief.gates, ({ name, exitCode, output }) => `${name}: exit ${exitCode ?? "by a signal"}\n${output}`)],
  ];
  return parts.filter(([, text]) => text).map(([title, text]) => `# ${title}\n\n${text.trim()}\n`).join("\n");
}

const items = (list, render) => list.map((item) => `- ${render(item)}`).join("\n");

function finding({ id, severity, at, message, suggestion }) {
  const place = at === undefined ? "" : ` at ${at.path}${at.line === undefined ? "" : `:${at.line}`}`;
  return `${id} (${severity}${place}): ${message}${suggestion === undefined ? "" : ` Suggestion: ${suggestion}`}`;
}
