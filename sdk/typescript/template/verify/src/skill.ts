import { defineVerify } from "skillhost-sdk";

/** A criterion holds where the gate of its command passed, or, without a command, where all gates did. */
export const verify = defineVerify((brief) =>
  brief.criteria.map(({ id, command }) => {
    const gates = brief.gates.filter(({ name }) => command === undefined || name === command);
    const failed = gates.filter(({ exitCode }) => exitCode !== 0);
    const evidence = gates.map(({ evidence }) => evidence);
    if (gates.length === 0) return { id, outcome: "not-run", evidence, detail: command === undefined ? "no gate ran" : `${command} is no gate` };
    if (failed.length === 0) return { id, outcome: "passed", evidence, detail: "" };
    return { id, outcome: "failed", evidence, detail: `${failed.map(({ name }) => name).join(", ")} failed` };
  }),
);
