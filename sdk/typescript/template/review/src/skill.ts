import { askFor, defineReview, type Host, renderBrief, schema, TooLarge } from "skillhost-sdk";

const SYSTEM = `You review with adversarial intent: what would go wrong in use? Report only what you can quote.
Decide over each open finding: close it where the author mended it or showed that it does not hold.`;

const REPORT = schema.object({
  findings: schema.list(
    schema.object({
      severity: schema.choice(["nit", "minor", "major", "blocker"]),
      category: schema.string("one word, as in edge-cases"),
      path: schema.string(),
      line: schema.integer("from 1"),
      quote: schema.string("verbatim from that line"),
      message: schema.string(),
    }),
  ),
  verdicts: schema.list(schema.object({ finding: schema.string(), closed: schema.boolean(), reason: schema.string() })),
});

export const review = defineReview((brief, subject, host) => {
  const shown = subject.tag === "spec" ? `# The specification, in ${subject.val.path}\n\n${subject.val.text}` : `# The change\n\n${changeText(host)}`;
  const { findings, verdicts } = askFor(host, REPORT, { system: SYSTEM, prompt: [renderBrief(brief), shown] });
  return { findings: findings.map(({ path, line, ...rest }) => ({ ...rest, at: { path, line } })), verdicts };
});

/** The whole diff, or, where it is too large, one file after the other. */
function changeText({ changes, log }: Host): string {
  try {
    return changes.diff();
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
  }
  const parts = changes.entries().map(({ path }) => {
    try {
      return changes.diff([path]);
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      log.warn(`${path} is not reviewed: its diff is too large`);
      return `${path}: too large to show\n`;
    }
  });
  return parts.join("");
}
